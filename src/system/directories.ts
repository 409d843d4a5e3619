// Where directories of the root lie on workspace. Pure.

/** At the top of the volume; only root enters. */
export const directoryStore = '.cvmboot-directories'

/** No path has a `=`, so no two have one name. */
export const storedName = (path: string): string => path.slice(1).replaceAll('/', '=')

/** As mountinfo shows the root of such a mount. */
export const storedPath = (path: string): string => `/${directoryStore}/${storedName(path)}`

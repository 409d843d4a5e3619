// Where directories of the root lie on workspace. Pure.

/** The directory at the top of workspace that holds them. Only root may enter it. */
export const directoryStore = '.cvmboot-directories'

/** The name of a path within that directory. No path has a `=`, so two paths never have the same name. */
export const storedName = (path: string): string => path.slice(1).replaceAll('/', '=')

/** The root that mountinfo shows for the mount of such a directory. */
export const storedPath = (path: string): string => `/${directoryStore}/${storedName(path)}`

// A path as a person can paste it into a shell. Pure.

/** The word that a shell reads back as the path. */
export const quoted = (path: string): string =>
  /^[A-Za-z0-9_./,:@%+=-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`

// A path that a person can paste into a shell. Pure.

/** One word of a shell, which the shell reads back as the path. */
export const quoted = (path: string): string =>
  /^[A-Za-z0-9_./,:@%+=-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`

// Paths as text. Pure.

/** Whether a path is a directory or lies below it: `/a` holds `/a` and `/a/b`. */
export const holds = (directory: string, path: string): boolean =>
  directory === '/' || path === directory || path.startsWith(`${directory}/`)

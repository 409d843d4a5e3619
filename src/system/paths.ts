// Paths as text. Pure.

/** `/a` holds `/a` and `/a/b`. */
export const holds = (directory: string, path: string): boolean =>
  directory === '/' || path === directory || path.startsWith(`${directory}/`)

// What this build is called: the project's version, the commit it was built from, the Node inside.

// The build puts these in; run from source there is nothing to put in.
declare const __CVMBOOT_VERSION__: string
declare const __CVMBOOT_GIT__: string

export const version = {
  project: typeof __CVMBOOT_VERSION__ === 'undefined' ? 'source' : __CVMBOOT_VERSION__,
  node: process.version,
  git: typeof __CVMBOOT_GIT__ === 'undefined' ? 'unknown' : __CVMBOOT_GIT__,
} as const

/** One line, with its end. `name` is the edition's. */
export const printVersion = (name: string): string =>
  `${name} ${version.project} (git ${version.git}, node ${version.node})\n`

/** The same for programs. */
export const printVersionJson = (name: string): string => `${JSON.stringify({ name, ...version })}\n`

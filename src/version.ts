// The version of this build: the project's version, the commit that it was built from, and the Node inside it.

// The build defines these two names. In a run from source they are undefined.
declare const __CVMBOOT_VERSION__: string
declare const __CVMBOOT_GIT__: string

export const version = {
  project: typeof __CVMBOOT_VERSION__ === 'undefined' ? 'source' : __CVMBOOT_VERSION__,
  node: process.version,
  git: typeof __CVMBOOT_GIT__ === 'undefined' ? 'unknown' : __CVMBOOT_GIT__,
} as const

/** One line, with its line end. `name` is the name of the edition. */
export const printVersion = (name: string): string =>
  `${name} ${version.project} (git ${version.git}, node ${version.node})\n`

/** The same version as one line of JSON, for programs. */
export const printVersionJson = (name: string): string => `${JSON.stringify({ name, ...version })}\n`

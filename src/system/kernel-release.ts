// Comparing kernel releases: what a kernel can do where it does not say so itself. Pure.

/** Whether a release such as `6.12.107+deb13-cloud-amd64` is at least `major.minor`. */
export const kernelAtLeast = (release: string, major: number, minor: number): boolean => {
  const [, x = '0', y = '0'] = /^(\d+)\.(\d+)/.exec(release) ?? []
  return Number(x) > major || (Number(x) === major && Number(y) >= minor)
}

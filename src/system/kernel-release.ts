// The comparison of kernel releases, for features of a kernel that the kernel itself does not report. Pure.

/** Whether a release such as `6.12.107+deb13-cloud-amd64` is at least `major.minor`. */
export const kernelAtLeast = (release: string, major: number, minor: number): boolean => {
  const [, x = '0', y = '0'] = /^(\d+)\.(\d+)/.exec(release) ?? []
  return Number(x) > major || (Number(x) === major && Number(y) >= minor)
}

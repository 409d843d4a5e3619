// Advice that several families of failures give.

/** Advice where the kernel reports another state than the boot asked for. A new kernel may only print the state differently. */
export const otherwise =
  'boot the kernel that the image was tested with; a failure with that kernel is a defect, please report it'

export const defect = 'this is a defect in cvmboot, please report it'

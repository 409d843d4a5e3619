// Advice that several families give.

/** The kernel reports another state than the boot asked for: a new kernel may only print the state in another form. */
export const otherwise =
  'boot the kernel that the image was tested with; with that one it is a defect, please report it'

export const defect = 'this is a defect in cvmboot, please report it'

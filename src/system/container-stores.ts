// Directories in which engines keep the layers of containers. An engine stacks the layers by overlayfs, and the kernel stacks none
// on a writable layer, which is overlayfs itself. So these lie in plain memory where a layer would be. Pure.

export type ContainerStore = {
  readonly path: string
  /** Names of the engines. */
  readonly programs: readonly string[]
}

export const containerStores: readonly ContainerStore[] = [
  { path: '/var/lib/containers', programs: ['podman', 'crio', 'buildah'] },
  { path: '/var/lib/docker', programs: ['dockerd'] },
  { path: '/var/lib/containerd', programs: ['containerd'] },
]

/** Where a root has them. */
export const programDirectories = ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin'] as const

/** Of those whose directory is in a writable layer, and that the configuration puts nowhere else (`elsewhere`). */
export const storesIn = (
  layers: readonly string[],
  elsewhere: readonly string[],
): readonly ContainerStore[] =>
  containerStores.filter(
    ({ path }) =>
      layers.some((layer) => `${path}/`.startsWith(`${layer}/`)) &&
      !elsewhere.some((one) => `${path}/`.startsWith(`${one}/`) || `${one}/`.startsWith(`${path}/`)),
  )

/** Where the writable layers live: in /run, which moves along to the new root. */
export const overlayStore = '/run/cvmboot/overlay'

/** Below the memory of all layers, and as mountinfo names it within that file system. */
export const storeRoot = (path: string): string => `/stores${path}`

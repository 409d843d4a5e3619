// Directories in which engines keep the layers of containers. Pure. An engine stacks these layers by overlayfs, and the kernel
// does not put overlayfs on a writable layer of the boot, which is overlayfs itself. So where such a layer lies over one of these
// directories, the boot mounts plain memory on the directory.

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

/** The directories in which a root has those programs. */
export const programDirectories = ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin'] as const

/** The stores that lie in a writable layer, but for those that the configuration puts on workspace (`elsewhere`). */
export const storesIn = (
  layers: readonly string[],
  elsewhere: readonly string[],
): readonly ContainerStore[] =>
  containerStores.filter(
    ({ path }) =>
      layers.some((layer) => `${path}/`.startsWith(`${layer}/`)) &&
      !elsewhere.some((one) => `${path}/`.startsWith(`${one}/`) || `${one}/`.startsWith(`${path}/`)),
  )

/** Where the memory of the writable layers is mounted. /run moves along to the new root. */
export const overlayStore = '/run/cvmboot/overlay'

/** The place of a store in the memory of the layers. mountinfo shows the same path as the root of the mount. */
export const storeRoot = (path: string): string => `/stores${path}`

// Mappings and mounts as the kernel shows them, with the parts that the proofs look at. Pure.

/** A mapping of device-mapper. */
export type SeenMapping = {
  readonly access: 'read-only' | 'read-write'
  /** The length in sectors of 512 bytes. */
  readonly sectors: bigint
  /** The target of device-mapper, such as `crypt`. */
  readonly target: string
  readonly table: string
  readonly status: string
}

/** A line of mountinfo (proc_pid_mountinfo(5)). */
export type SeenMount = {
  /** `major:minor` of the file system. */
  readonly dev: string
  /** The directory or file within the file system that is mounted. */
  readonly root: string
  readonly options: readonly string[]
  readonly type: string
  readonly source: string
  readonly superOptions: readonly string[]
}

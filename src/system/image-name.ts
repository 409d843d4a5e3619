// The name and the version of an image, as the os-release of its root has them (os-release(5) of systemd). Pure.

export type ImageName = { readonly id: string; readonly version: string }

/** The file, within the root. /etc/os-release is a link to it. */
export const osReleasePath = '/usr/lib/os-release'

/** The value of a field, where the value is a plain word, with quotes or without. */
const field = (text: string, name: string): string | undefined =>
  new RegExp(`^${name}=(["']?)([a-z0-9._-]{1,128})\\1$`, 'm').exec(text)?.[2]

/** IMAGE_ID and IMAGE_VERSION; null where the text does not have both, each as a word of systemd's alphabet. */
export const imageNameIn = (text: string): ImageName | null => {
  const [id, version] = [field(text, 'IMAGE_ID'), field(text, 'IMAGE_VERSION')]
  return id === undefined || version === undefined ? null : { id, version }
}

// An archive of a container. It holds layers and no root file system, and the names in it tell its format. Pure.

const layer = /^(?:[0-9a-f]{64}(?:\.tar|\.json)?|sha256:[0-9a-f]{64}.*)$/

/** The kind of container archive, in words, by the names in one directory; undefined where no kind has such names. */
export const containerOf = (names: readonly string[]): string | undefined => {
  const has = (...all: readonly string[]) => all.every((name) => names.includes(name))
  if (has('oci-layout') || has('index.json', 'blobs')) return 'a container archive (OCI image layout)'
  const layers = names.some((name) => layer.test(name))
  if (has('manifest.json') && (has('repositories') || layers))
    return 'a container archive (as docker save or skopeo writes one)'
  if (has('repositories') && layers) return 'a container archive (as an old docker save writes one)'
  if (has('manifest.json') && names.some((name) => /\.tar(?:\.gz)?$/.test(name))) return 'a container archive'
  return undefined
}

export const unpackContainer =
  'its layers are packed in it; unpack them into one tree (podman create and podman export, or skopeo copy and umoci unpack), and pass that tree'

// Why a call failed, in words. Pure. The kernel only gives the name of an error, and most people do not know these names.

import { getSystemErrorMap } from 'node:util'

/** Words for the errors for which Node has no words, or words that tell little. */
const words: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or directory',
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EIO: 'input or output error',
  ENOTTY: 'the device does not know this request',
  ENODEV: 'there is no such device',
  ENXIO: 'there is no such device or address',
  EEXIST: 'it exists already',
  ENOTDIR: 'a part of its path is no directory',
  EISDIR: 'it is a directory',
  EINVAL: 'the kernel does not accept an argument',
  ELOOP: 'too many links lead to each other',
  ENOSPC: 'no space is left on the device',
  EROFS: 'the file system is read-only',
  EBUSY: 'it is in use',
  ETXTBSY: 'the program is running',
  EBADMSG: 'the message is damaged',
  ETIME: 'the time is over',
  ESTALE: 'the file is gone',
  EDEADLK: 'it would wait for itself',
  ENOLCK: 'no locks are left',
  ENOEXEC: 'it is no program that this kernel runs',
  ECHILD: 'there is no such child process',
  EDQUOT: 'the quota is used up',
  ENOKEY: 'the key is not there',
  EKEYEXPIRED: 'the key has expired',
  EKEYREVOKED: 'the key was revoked',
  EKEYREJECTED: 'the key was rejected',
  EUCLEAN: 'the file system is damaged',
  EREMOTEIO: 'the device answers with an error',
  ENOMEDIUM: 'there is no medium in the device',
  EMEDIUMTYPE: 'the medium is of another type',
  ENOTBLK: 'it is no block device',
  ENOPKG: 'the kernel lacks the algorithm',
  ELIBBAD: 'a library is damaged',
  EBADFD: 'the file is in a state that does not allow this',
  ESHUTDOWN: 'the device is shutting down',
}

/** The name of the error that a system call or node:fs has thrown; undefined for every other error. */
export const errnoOf = (thrown: unknown): string | undefined =>
  thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' && isName(thrown.code)
    ? thrown.code
    : undefined

const isName = (text: string): boolean => /^E[A-Z0-9]{2,}$/.test(text)

const wordsOf = (name: string): string | undefined =>
  words[name] ?? [...getSystemErrorMap().values()].find(([one]) => one === name)?.[1]

/** A text with words in place of names of errors. Node writes `ENOENT: no such file, open '/x'`, for example. */
export const inWords = (text: string): string =>
  text
    .replace(/^E[A-Z0-9]{2,}: (?=[a-z])/, '')
    .replace(/\bE[A-Z0-9]{2,}\b/g, (name) => wordsOf(name) ?? name)
    .replace(/\berrno (\d+)\b/g, 'error $1 of the kernel')

/** Why a call failed: the words for its error, or else its message. */
export const reasonOf = (thrown: unknown): string => {
  const name = errnoOf(thrown)
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return name === undefined ? inWords(message) : (wordsOf(name) ?? inWords(message))
}

/** The whole message of an error, in words. The message of Node also names the file of the call. */
export const messageOf = (thrown: unknown): string =>
  inWords(thrown instanceof Error ? thrown.message : String(thrown))

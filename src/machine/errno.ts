// Why a call failed, in a word. Pure, so that steps may use it.

/** The errno name of anything thrown by a system call or by node:fs; otherwise its message. */
export const reasonOf = (thrown: unknown): string => {
  if (!(thrown instanceof Error)) return String(thrown)
  return 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : thrown.message
}

// Catches the output of a verb, so that it stays out of the tests' own output.

export const listen = async (act: () => Promise<void>): Promise<string> => {
  const write = process.stdout.write
  let text = ''
  process.stdout.write = (chunk: string | Uint8Array) => {
    text += chunk
    return true
  }
  try {
    await act()
  } finally {
    process.stdout.write = write
  }
  return text
}

// Names in the environment that steer Node, OpenSSL or the loader. Pure. In PID 1 they come from the kernel command
// line: every unknown word `name=value` without a dot lands there.

const hostile = [/^NODE_/, /^OPENSSL_/, /^SSL_/, /^LD_/, /^GLIBC_TUNABLES$/, /^MALLOC_/, /^UV_/, /^V8_/]

/** The first hostile name, or undefined. Node itself already ran: its dangerous switches are off in the build. */
export const hostileVariable = (names: readonly string[]): string | undefined =>
  names.find((name) => hostile.some((pattern) => pattern.test(name)))

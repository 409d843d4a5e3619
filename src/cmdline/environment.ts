// Names in the environment that steer Node, OpenSSL or the loader. Pure. The environment of PID 1 comes from the kernel command
// line: the kernel puts every word `name=value` there that it does not know and whose name has no dot.

const hostile = [/^NODE_/, /^OPENSSL_/, /^SSL_/, /^LD_/, /^GLIBC_TUNABLES$/, /^MALLOC_/, /^UV_/, /^V8_/]

/** The first hostile name, or undefined. Node has started before this check, so the build turns its dangerous switches off. */
export const hostileVariable = (names: readonly string[]): string | undefined =>
  names.find((name) => hostile.some((pattern) => pattern.test(name)))

// Only this file may be parsed by an old Node: everything else is imported after the check.
// 22.15 brought zstd to node:zlib.
const oldest = [22, 15] as const
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) {
  process.stderr.write(
    `error: probe needs Node.js ${oldest.join('.')} or later, this is ${process.versions.node}\n` +
      `  fix: start it with the command "probe", which brings its own Node.js, or install a newer one   (exit 3)\n`,
  )
  process.exit(3)
}
// Before React is imported, else its slow development build runs; a test runner's NODE_ENV must not reach us either.
process.env['NODE_ENV'] = 'production'
const { main } = await import('./main.ts')
await main(process.argv.slice(2))

export {}

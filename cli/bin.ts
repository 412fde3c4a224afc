// Only this file may be parsed by an old Node: everything else is imported after the check.
const oldest = 22
if (Number.parseInt(process.versions.node, 10) < oldest) {
  process.stderr.write(
    `error: probe needs Node.js ${oldest} or later, this is ${process.versions.node}\n` +
      `  fix: start it with the command "probe", which brings its own Node.js, or install a newer one   (exit 3)\n`,
  )
  process.exit(3)
}
// Before React is imported, else its slow development build runs; a test runner's NODE_ENV must not reach us either.
process.env['NODE_ENV'] = 'production'
const { main } = await import('./main.ts')
await main(process.argv.slice(2))

export {}

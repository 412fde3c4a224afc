// An API for tests of whole audits: node audit-server.mjs PORT [FAIL_AFTER [EVERY]] [--slow MS] [--host ADDRESS]
// From its FAIL_AFTER-th request on each EVERY-th is answered with 500. GET /count (not counted) says how many came.
import { createServer } from 'node:http'

const host = process.argv.indexOf('--host')
const [, address = '127.0.0.1'] = host < 0 ? [] : process.argv.splice(host, 2)
const slow = process.argv.indexOf('--slow')
const slowMs = slow < 0 ? 0 : Number(process.argv[slow + 1])
const [port = '0', failAfter = 'Infinity', every = '1'] = process.argv.slice(2, slow < 0 ? undefined : slow)
let count = 0
const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  if (request.url === '/count') return response.end(String(count))
  count++
  response.statusCode = count > Number(failAfter) && count % Number(every) === 0 ? 500 : 200
  setTimeout(() => response.end('{"ok":true}'), slowMs)
})
server.listen(Number(port), address, () => console.log(server.address().port))

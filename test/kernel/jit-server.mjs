// A server whose hot function is compiled anew while it runs: node jit-server.mjs
// GET /whole sums whole numbers; the first GET /mixed meets fractions, for which the code compiled so far is wrong.
import { createServer } from 'node:http'

const whole = Array.from({ length: 20_000 }, (_, i) => i)
const mixed = whole.map((value) => (value % 2 ? value + 0.5 : value))

// All of its work is one call: code that calls it often would get it inlined, and then it has no frame.
function hotSum(values) {
  let sum = 0
  for (let round = 0; round < 800; round++) for (let i = 0; i < values.length; i++) sum = (sum + values[i] * 3) % 65_521
  return sum
}

function respond(request, response) {
  response.end(String(hotSum(request.url === '/mixed' ? mixed : whole)))
}

const server = createServer(respond)
server.listen(0, '127.0.0.1', () => console.log(server.address().port))

// Plays JMeter for tests of the process around it: understands its options, says its lines, writes a result file, and does
// what the property `act` asks for. Hears stop messages like JMeter.
import { createSocket } from 'node:dgram'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'

const args = process.argv.slice(2)
const after = (option) => args[args.indexOf(option) + 1]
const given = new Map(
  readFileSync(after('-q'), 'utf8')
    .split('\n')
    .map((line) => [line.split('=')[0], line.slice(line.indexOf('=') + 1).replaceAll('\\', '')]),
)
const property = (name) => args.find((arg) => arg.startsWith(`-J${name}=`))?.slice(name.length + 3) ?? given.get(name)
const results = after('-l')
const act = property('act')

if (act === 'refuse') {
  writeFileSync(
    after('-j'),
    '2026/11/24 11:00:00 INFO  - all is well\n2026/11/24 11:00:01 ERROR - cannot \u001b[31mread the plan\n',
  )
  console.log(property('says') ?? 'An error occurred: the plan is broken')
  process.exit(Number(property('code')))
}

const socket = createSocket('udp4')
socket.on('message', (message) => {
  if (act === 'deaf') return
  row('first', String(message))
  process.exit(0)
})
process.on('SIGTERM', () => {
  if (act === 'deaf') return
  row('first', 'terminated')
  process.exit(143)
})

const columns = property('jmeter.save.saveservice.print_field_names') === 'true'
if (columns) writeFileSync(results, 'timeStamp,elapsed,responseCode,responseMessage,threadName,success,Connect\n')
const row = (group, message = 'OK', success = true) => {
  const number = ['first', 'second'].indexOf(group) + 1
  appendFileSync(results, `${Date.now()},7,${success ? 200 : 500},${message},${group} ${number || 3}-1,${success},2\n`)
}

socket.bind(Number(property('jmeterengine.nongui.port')), '127.0.0.1', () => {
  row('first')
  row('first', 'no', false)
  const { port } = socket.address()
  // In one piece: a test that has seen the first line may count on the second.
  console.log(`Starting standalone test @ now (${Date.now()})\nWaiting for possible Stop message on port ${port}`)
  if (act === 'end') {
    row('second')
    row('other')
    socket.close()
  } else if (act === 'die') process.kill(process.pid, 'SIGKILL')
  else if (act === 'dates') appendFileSync(results, '2026/11/24 11:00:00,7,200,OK,first 1-1,true,2\n')
})

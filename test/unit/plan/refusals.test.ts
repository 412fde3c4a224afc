import { describe, expect, test } from 'vitest'
import { least, refusal } from './plans.ts'

const url = 'target: { url: "http://h/" }\n'
const phases = (...lines: string[]) => `${url}peak: 10/s\nphases:\n${lines.map((line) => `  - ${line}\n`).join('')}`
const request = (text: string) => `${least}load:\n  requests:\n    - ${text}\n`

describe('a value that is wrong is named with its place and what was expected', () => {
  test.each([
    [
      phases('{ name: a, duration: 5s, rate: fast }'),
      '4:36  phases[0].rate: expected a rate like 200% or 500/s, got "fast"',
    ],
    [
      phases('{ name: a, duration: 5s, rate: 500 }'),
      '4:36  phases[0].rate: expected a rate like 200% or 500/s, got 500',
    ],
    [
      phases('{ name: a, duration: 5, rate: 0 }'),
      '4:26  phases[0].duration: expected a duration like 500ms, 2s, 15m or 4h, got 5',
    ],
    [
      phases('{ name: a, duration: 8d, rate: 0 }'),
      '4:26  phases[0].duration: expected a duration like 500ms, 2s, 15m or 4h, got "8d"',
    ],
    [
      phases('{ name: a, duration: 200h, rate: 0 }'),
      '4:26  phases[0].duration: expected at least 100ms and at most 7 days, got "200h"',
    ],
    [
      phases('{ name: a/b, duration: 5s, rate: 0 }'),
      '4:13  phases[0].name: expected a name of letters, digits, spaces, dots, dashes (no ..), 64 at most, got "a/b"',
    ],
    [phases('{ name: a..b, duration: 5s, rate: 0 }'), '4:13  phases[0].name: expected a name'],
    [phases('{ name: a, duration: 5s, ramp: [0%] }'), '4:36  phases[0].ramp'],
    [
      phases('{ name: a, duration: 5s, ramp: [0%, x] }'),
      '4:41  phases[0].ramp[1]: expected a rate like 200% or 500/s, got "x"',
    ],
    [
      phases('{ name: a, duration: 5s, rate: 9000000/s }'),
      '4:36  phases[0].rate: expected at most 1000000/s or 100000%, got "9000000/s"',
    ],
    [
      phases('{ name: a, step: { rates: [], each: 1s } }'),
      '4:31  phases[0].step.rates: expected a list of rates, one at least, got an empty list',
    ],
    [
      phases('{ name: a, search: { from: 1/s, to: 9/s, precision: 60% } }'),
      '4:57  phases[0].search.precision: expected at most 50%, got "60%"',
    ],
    ['target: 5\n', '1:9  target: expected a map of keys, got 5'],
    [
      'target: { url: 127.0.0.1:8080 }\n',
      '1:16  target.url: expected an http:// or https:// URL, got "127.0.0.1:8080"',
    ],
    ['target: { pid: 0 }\n', '1:16  target.pid: expected a whole number from 1 to 4194304, got 0'],
    ['target: { pid: [1, x] }\n', '1:20  target.pid[1]: expected a whole number from 1 to 4194304, got "x"'],
    ['target: { port: 70000 }\n', '1:17  target.port: expected a whole number from 1 to 65535, got 70000'],
    [
      'target: { comm: a-name-of-17-char }\n',
      '1:17  target.comm: expected at most 15 characters, as the kernel keeps them',
    ],
    ['target: { command: node server.js }\n', '1:20  target.command: expected a list of a program and its arguments'],
    ['peak: 100%\n', '1:7  peak: expected a rate like 1000/s or 30/m, got "100%"'],
    ['peak: 0/s\n', '1:7  peak: expected more than 0 and at most 1000000/s, got "0/s"'],
    ['peak:\n', '1:1  peak: expected a rate like 1000/s or 30/m, got null'],
    ['preset: slow\n', '1:9  preset: expected quick or standard, got "slow"'],
    ['load: { driver: ab }\n', '1:17  load.driver: expected builtin, k6, jmeter, follow or none, got "ab"'],
    ['load: { driver: k6 }\n', '1:7  load.script: missing: expected a text'],
    ['load: { driver: k6, script: 5 }\n', '1:29  load.script: expected a text in quotes, got 5'],
    ['load: { connections: 1.5 }\n', '1:22  load.connections: expected a whole number from 1 to 100000, got 1.5'],
    ['load: { keep_alive: yes }\n', '1:21  load.keep_alive: expected true or false, got "yes"'],
    ['load: { protocol: h3 }\n', '1:19  load.protocol: expected http/1.1 or h2, got "h3"'],
    ['load: { headers: { x-n: 5 } }\n', '1:25  load.headers.x-n: expected a text in quotes'],
    ['load: { headers: { "a b": c } }\n', '1:20  load.headers."a b": expected a header name, got "a b"'],
    ['" ": 1\n', '1:1  " ": unknown key'],
    [
      request('{ method: get }'),
      '6:17  load.requests[0].method: expected GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS, got "get"',
    ],
    [
      request('{ path: orders }'),
      '6:15  load.requests[0].path: expected a path that begins with / (spaces as %20, no #), got "orders"',
    ],
    [request('{ weight: 0 }'), '6:17  load.requests[0].weight: expected a number above 0, got 0'],
    [
      request('{ expect: { status: 99 } }'),
      '6:27  load.requests[0].expect.status: expected a whole number from 100 to 599, got 99',
    ],
    [
      request('{ expect: { status: [200, ok] } }'),
      '6:33  load.requests[0].expect.status[1]: expected a whole number from 100 to 599, got "ok"',
    ],
    [
      request('{ expect: { status: ok } }'),
      '6:27  load.requests[0].expect.status: expected a status like 200, or a list of them, got "ok"',
    ],
    ['thresholds: { p99: 50 }\n', '1:20  thresholds.p99: expected a duration like 500ms, 2s, 15m or 4h, got 50'],
    ['thresholds: { errors: 1 }\n', '1:23  thresholds.errors: expected a percentage like 1%, got 1'],
    ['thresholds: { errors: 101% }\n', '1:23  thresholds.errors: expected at most 100%, got "101%"'],
    ['abort: true\n', '1:8  abort: expected false, or errors, window, min, got true'],
    ['abort: { window: 10ms }\n', '1:18  abort.window: expected at least 1000ms and at most 600000ms, got "10ms"'],
    ['interval: 10ms\n', '1:11  interval: expected at least 50ms and at most 60000ms, got "10ms"'],
    ['probes: off-cpu\n', '1:9  probes: expected a list of probe names, got "off-cpu"'],
    ['probes: [5]\n', '1:10  probes[0]: expected a probe name in quotes, got 5'],
  ])('%j', (text, message) => {
    expect(refusal(text).split('\n')[0]).toContain(`plan.yaml:${message}`)
  })
})

describe('an unknown key is named at its own place, with the one that was meant', () => {
  test.each([
    ['threshholds: {}\n', '1:1  threshholds: unknown key; did you mean thresholds?'],
    ['load: { conections: 5 }\n', '1:9  load.conections: unknown key; did you mean connections?'],
    ['load: { keep-alive: true }\n', '1:9  load.keep-alive: unknown key; did you mean keep_alive?'],
    [
      'load: { driver: k6, script: a.js, connections: 5 }\n',
      '1:35  load.connections: unknown key; here go driver, script, args, env',
    ],
    [phases('{ name: a, durration: 5s, rate: 0 }'), '4:16  phases[0].durration: unknown key; did you mean duration?'],
    [
      phases('{ name: a, search: { form: 1/s, to: 2/s } }'),
      '4:26  phases[0].search.form: unknown key; did you mean from?',
    ],
    ['abort: { error: 1% }\n', '1:10  abort.error: unknown key; did you mean errors?'],
    [request('{ expects: { status: 200 } }'), '6:9  load.requests[0].expects: unknown key; did you mean expect?'],
  ])('%j', (text, message) => {
    expect(refusal(text).split('\n')).toContain(`plan.yaml:${message}`)
  })
})

describe('what does not belong together', () => {
  test.each([
    ['peak: 5/s\npreset: quick\n', '1:1  target.url: missing: expected where requests go, like http://127.0.0.1:8080/'],
    [url, '1:1  phases: missing: expected phases, or preset: quick (a minute) or standard (4 h 22 min)'],
    [`${url}preset: quick\n`, '2:9  preset: its rates are percentages: add peak, like peak: 1000/s'],
    [`${least}phases: [{ name: a, duration: 1s, rate: 0 }]\n`, '3:9  preset: expected preset or phases, got both'],
    [
      phases('{ name: a, duration: 1s, rate: 5% }').replace('peak: 10/s\n', ''),
      '3:36  phases[0].rate: a percentage needs to know of what: add peak, like peak: 1000/s',
    ],
    [phases('{ name: a, duration: 1s }'), '4:5  phases[0]: missing: expected one of rate, ramp, step, search'],
    [phases('{ name: a, rate: 0 }'), '4:5  phases[0].duration: missing: expected a duration like 30s'],
    [
      phases('{ name: a, duration: 1s, rate: 0, ramp: [0, 1%] }'),
      '4:45  phases[0].ramp: expected one of rate, ramp, step, search, got rate and ramp',
    ],
    [
      phases('{ name: a, duration: 1s, step: { rates: [1%], each: 1s } }'),
      '4:26  phases[0].duration: step has a time of its own: each',
    ],
    [
      phases('{ name: a, duration: 1s, rate: 0 }', '{ name: a, duration: 1s, rate: 0 }'),
      '5:13  phases[1].name: a phase "a" was there before',
    ],
    [
      phases('{ name: a-2, duration: 1s, rate: 0 }', '{ name: a, step: { rates: [1%, 2%], each: 1s } }'),
      '5:13  phases[1].name: a phase "a-2" was there before',
    ],
    [
      phases('{ name: a, search: { from: 5/s, to: 5/s } }'),
      '4:41  phases[0].search.to: a search ends above the rate it begins at',
    ],
    [
      `${phases('{ name: a, search: { from: 1/s, to: 5/s } }')}thresholds: { p99: null, errors: null }\n`,
      '4:24  phases[0].search: a search needs a limit that the rate must keep: thresholds',
    ],
    [
      phases('{ name: a, duration: 1s, rate: 0, discard: true, thresholds: { p99: 1s } }'),
      '4:66  phases[0].thresholds: a phase with discard is not judged: leave one of them out',
    ],
    [phases('{ name: a, search: { from: 0, to: 5/s } }'), '4:32  phases[0].search.from: a search begins above 0'],
    [
      phases('{ name: a, duration: 100h, rate: 0 }', '{ name: b, duration: 100h, rate: 0 }'),
      '5:5  phases[1]: up to here the phases take more than 7 days, as long as a run may take',
    ],
    [
      `${url}load: { driver: none }\nphases: [{ name: a, duration: 1s, rate: 5/s }]\n`,
      '3:41  phases[0].rate: only the builtin driver makes a rate: leave it out',
    ],
    [
      `${url}load: { driver: none }\nphases: [{ name: a, search: { from: 1/s, to: 2/s } }]\n`,
      '3:29  phases[0].search: only the builtin driver makes a rate: leave it out',
    ],
    [
      `${url}load: { driver: k6, script: load.js }\nphases: [{ name: a, duration: 1s }]\n`,
      '3:9  phases: k6 brings its own phases: leave it out',
    ],
    ['load: { driver: none }\n', '1:1  target: missing: expected one of url, pid, pids, port, comm, cgroup or command'],
    [
      `${url}load: { driver: none }\nabort: { errors: 1% }\n`,
      '3:8  abort: driver none does not make the load and cannot stop it: leave abort out',
    ],
    [
      `${url}load: { driver: k6, script: gone.js }\n`,
      `2:29  load.script: cannot read ${process.cwd()}/gone.js: no such file`,
    ],
    [
      'target: { url: "http://h/", pid: 1, port: 2 }\n',
      '1:43  target.port: expected one of pid, pids, port, comm, cgroup, got pid and port',
    ],
    [
      'target: { url: "http://h/", pid: 1, command: [a] }\n',
      '1:34  target.pid: the process of a command has no number yet: leave it out',
    ],
    ['target: { url: "http://h/", cwd: x }\n', '1:34  target.cwd: this is for a command, and there is none'],
    [
      'target: { url: "http://user:pw@h/" }\n',
      '1:16  target.url: a URL is shown and recorded: user and password belong into load.auth.basic',
    ],
    [
      request('{ method: POST, body: a, body_file: order.json }'),
      '6:43  load.requests[0].body_file: expected body or body_file, got both',
    ],
    [request('{ body: a }'), '6:15  load.requests[0].body: GET sends no body: is method: POST meant?'],
    [
      request('{ method: POST, body_file: gone.json }'),
      `6:34  load.requests[0].body_file: cannot read ${process.cwd()}/gone.json: no such file`,
    ],
    [
      request('{ method: HEAD, expect: { body_includes: a } }'),
      '6:48  load.requests[0].expect.body_includes: the answer to HEAD has no body',
    ],
    [
      request('{ headers: { Content-Length: "5" } }'),
      '6:36  load.requests[0].headers.Content-Length: the generator sets this header itself',
    ],
    [request('{ headers: { A: b, a: c } }'), '6:29  load.requests[0].headers.a: this header stands here twice'],
    [
      request('{ headers: { a: $LINES } }'),
      '6:23  load.requests[0].headers.a: a header has no line breaks, control characters, or characters beyond Latin-1',
    ],
    [
      request(`{ headers: { a: "$\{NOPE}" } }`),
      '6:23  load.requests[0].headers.a: the environment variable NOPE is not set',
    ],
    [
      request('{ auth: { bearer: $NOPE } }'),
      '6:25  load.requests[0].auth.bearer: the environment variable NOPE is not set',
    ],
    [request('{ auth: {} }'), '6:15  load.requests[0].auth: expected bearer or basic, got neither'],
    [
      request('{ auth: { bearer: $TOKEN }, headers: { Authorization: x } }'),
      '6:15  load.requests[0].auth: expected auth or the header authorization, got both',
    ],
    [`${least}load: { tls: { verify: false } }\n`, '4:14  load.tls: the url is http: these options are for https'],
    [
      `${least}load: { tls: { ca: order.json } }\n`,
      `4:20  load.tls.ca: cannot read ${process.cwd()}/order.json: no such file`,
    ],
    [
      `${least}probes: [locks, off-cpus, locks]\n`,
      '4:17  probes[1]: no probe is called "off-cpus"; did you mean off-cpu?',
    ],
    [`${least}probes: [locks, off-cpu, locks]\n`, '4:26  probes[2]: "locks" stands here twice'],
  ])('%j', (text, message) => {
    expect(refusal(text).split('\n')).toContain(`plan.yaml:${message}`)
  })
})

describe('YAML that surprises is refused by name', () => {
  test.each([
    ['', '1:1  expected a map of keys, got null'],
    ['[]\n', '1:1  expected a map of keys, got an empty list'],
    ['a: 1\na: 2\n', '2:1  the key "a" stands here twice'],
    ['target:\n\turl: x\n', '2:1  tabs do not indent in YAML: use spaces'],
    ['a: &x 1\n', '1:7  anchors (&name) are not part of a plan: write the value out where it is used'],
    ['a: *x\n', '1:4  aliases (*name) are not part of a plan: write the value out'],
    ['a: { <<: { b: 1 } }\n', '1:6  merge keys (<<) are not part of a plan: write the keys out'],
    ['a: !!js/function x\n', '1:18  tags (!name) are not part of a plan: leave it out'],
    ['a: 1\n---\nb: 1\n', '2:1  expected one document, got a second (---)'],
    ['? [a]: b\n', '1:3  expected a plain word as key'],
    ['__proto__: { a: 1 }\n', '1:1  expected a plain word as key'],
    ['a: "\n', '2:1  not YAML: Missing closing "quote'],
    [`a: ${'['.repeat(100)}`, '1:1  too long or too deeply nested for a plan; bodies go into files: body_file'],
    [`a: ${'{b: '.repeat(40)}`, '1:1  too long or too deeply nested for a plan; bodies go into files: body_file'],
    ['- '.repeat(50), '1:67  too deeply nested for a plan'],
    ['- '.repeat(20_000), 'too deeply nested for a plan'],
    ['\n'.repeat(100_000), '1:1  too long or too deeply nested for a plan; bodies go into files: body_file'],
    [`a: ${'x'.repeat(2 ** 20)}`, '1:1  expected at most 1 MiB, got 1.0 MiB'],
  ])('%#', (text, message) => {
    const [first] = refusal(text).split('\n')
    expect(first).toMatch(/^plan\.yaml:\d+:\d+ {2}/)
    expect(first).toContain(message)
  })

  test('a bomb of aliases is refused before it unfolds', () => {
    const bomb = [
      'a: &a [x]',
      ...Array.from({ length: 30 }, (_, n) => `b${n}: &b${n} [*a, *a, *a, *a, *a, *a, *a, *a, *a]`),
    ]
    expect(refusal(bomb.join('\n'))).toContain('plan.yaml:1:7  anchors (&name) are not part of a plan')
  })

  test('in JSON places are right, too', () => {
    const text = '{\n\t"target": { "url": "http://h/" },\n\t"peak": 5\n}\n'
    expect(refusal(text, { path: 'plan.json' })).toBe(
      'plan.json:3:10  peak: expected a rate like 1000/s or 30/m, got 5',
    )
  })
})

describe('many problems', () => {
  test('are all told, in the order of the text', () => {
    const text = `${url}load: { conections: 5 }\nphases:\n  - { name: a, duration: 5, rate: fast }\ninterval: 1\n`
    expect(
      refusal(text)
        .split('\n')
        .map((line) => line.slice(0, 14)),
    ).toEqual(['plan.yaml:2:9 ', 'plan.yaml:4:26', 'plan.yaml:4:35', 'plan.yaml:5:11'])
  })

  test('beyond twenty are counted', () => {
    const lines = refusal(Array.from({ length: 50 }, (_, n) => `key${n}: 1\n`).join('')).split('\n')
    expect(lines).toHaveLength(21)
    expect(lines.at(-1)).toBe('and 30 more')
  })
})

describe('nothing of a secret, and nothing that a terminal would act on, gets into a message', () => {
  test.each([
    'load: { auth: { bearer: 1234567890 } }\n',
    'load: { auth: { basic: { user: a, password: 1234567890 } } }\n',
    'load: { headers: { Authorization: 1234567890 } }\n',
    'target: { env: { API_KEY: 1234567890 } }\n',
    'load: { auth: 1234567890 }\n',
    'load: { auth: "Bearer 1234567890" }\n',
    'load: { headers: "Authorization: Bearer 1234567890" }\n',
    'load: { requests: [{ auth: { bearer: [1234567890] } }] }\n',
    'load: { requests: [{ headers: { X-Any: 1234567890 } }] }\n',
    'target: { command: [a, 1234567890] }\n',
    'load: { requests: [{ expect: { body_includes: 1234567890 } }] }\n',
  ])('%j', (text) => {
    expect(refusal(text)).not.toContain('1234567890')
    expect(refusal(text)).toMatch(/: expected [a-z ,]+$/m)
  })

  test('control and direction characters are visible escapes', () => {
    const message = refusal('preset: "\\e[31m\\u202e"\n"k\\e": 1\n', { path: 'a\x1bb.yaml' })
    expect(message).not.toMatch(/[\x1b\u202e]/)
    expect(message).toContain('a\\x1bb.yaml:1:9')
  })
})

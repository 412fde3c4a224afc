import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HIDDEN, hideInArguments, hideSecrets } from '../../../probes/index.ts'

const S = 'hunter2'
const line = (...args: string[]) => hideInArguments(['/usr/bin/app', ...args]).join(' ')

describe('arguments of a program', () => {
  it.each([
    ...['--password', '--passwd', '--pass', '--pwd', '--pw', '--key', '--api-key', '--apiKey', '--API_KEY', '--token'],
    ...[
      '--auth',
      '--secret',
      '--client-secret',
      '--pin',
      '--otp',
      '--dsn',
      '--requirepass',
      '--db-password',
      '-password',
    ],
    ...[
      '--access-token',
      '--private-key',
      '--sig',
      '--jwt',
      '--cookie',
      '--session',
      '--credentials',
      '-Pass',
      '-pass',
    ],
  ])('%s takes its value with it, in one word or in two', (flag) => {
    expect(line(flag, S, '--port', '8080')).not.toContain(S)
    expect(line(`${flag}=${S}`, '--port', '8080')).not.toContain(S)
    expect(line(flag, S, '--port', '8080')).toMatch(/ --port 8080$/)
  })

  it.each([
    [['mysql', `-p${S}`]],
    [['mysqldump', '-p', S, 'shop']],
    [['node', 'srv.js', `-p${S}`]],
    [['node', 'srv.js', '-p', S]],
    [['sshpass', '-p', S, 'ssh', 'host']],
    [['sqlcmd', '-P', S]],
    [['redis-cli', '-a', S, 'ping']],
    [['redis-server', 'requirepass', S]],
    [['ldapsearch', '-w', S]],
    [['smbclient', '-U', `me%${S}`]],
    [['curl', '-u', `me:${S}`]],
    [['curl', `-ume:${S}`]],
    [['curl', `--user=me:${S}`]],
    [['curl', '-H', `X-Anything: ${S}`]],
    [['curl', `-HX-Anything: ${S}`]],
    [['curl', `--header=X-Anything: ${S}`]],
    [['curl', '--header', `Authorization: Digest a="b", c=${S}`]],
    [['java', `-Dfoo.password=${S}`, '-jar', 'x.jar']],
    [['java', `-Dspring.datasource.url=jdbc:postgresql://h/db?user=a&password=${S}`]],
    [['jmeter', `-Jtoken=${S}`]],
    [['jmeter', `-Jpin=${S}`]],
    [['env', `FOO=${S}`, 'program']],
    [['docker', 'run', '-e', `FOO=${S}`, 'image']],
    [['docker', 'run', `--env=FOO=${S}`, 'image']],
    [['k6', 'run', '-e', `TOKEN=${S}`, 'x.js']],
    [['app', `DB_PASSWORD=${S}`]],
    [['app', `postgres://u:${S}@h/db`]],
    [['app', `redis://:${S}@h`]],
    [['app', `Server=h;User Id=u;Password=${S} and more;`]],
    [['app', `host=h user=u password='${S} and more'`]],
    [['app', `{"db":{"password":"${S}"}}`]],
    [['app', `u:${S}@tcp(127.0.0.1:3306)/db`]],
    [['sqlplus', `scott/${S}@orcl`]],
    [['openssl', 'enc', '-pass', `pass:${S}`]],
    [['sh', '-c', `PGPASSWORD=${S} psql -h h`]],
    [['sh', '-c', `exec app --token ${S} --port 8080`]],
    [['sh', '-c', `curl -H "X-Any: ${S} x" http://h/`]],
    [['sh', '-c', `bash -c 'mysql -p${S}'`]],
    [[`app: worker --password ${S}`]],
    [['curl', '-sSu', `me:${S}`, 'http://h/']],
    [['curl', '-E', `client.pem:${S}`]],
    [['http', '-a', `me:${S}`, 'h']],
    [['redis-cli', `-a${S}`]],
    [['ldapsearch', `-w${S}`]],
    [['snmpget', '-c', S, 'h']],
    [['jmeter', '-u', 'me', '-a', S]],
    [['timeout', '5', '/usr/bin/redis-cli', '-a', S]],
    [['sudo', '-u', 'db', 'mysql', `-p${S}`]],
    [['sh', '-c', `exec redis-cli -a ${S}`]],
    [['app', '--password=', S]],
    [['app', `--password:${S}`]],
    [['app', `--kennwort=${S}`]],
    [['node', '-e', `const password = "${S}"`]],
    [['app', `<add key="Password" value="${S}"/>`]],
    [['app', `//u:${S}@h/`]],
    [['app', `jdbc:oracle:thin:u/${S}@//h:1/s`]],
  ])('%j', (args) => {
    const cleaned = hideInArguments(args)
    expect(cleaned.join('\n')).not.toContain(S)
    expect(cleaned).toHaveLength(args.length)
    expect(cleaned[0]).toContain(args[0]?.split(' ')[0])
    expect(hideInArguments(cleaned)).toEqual(cleaned)
  })

  it.each([
    ['--port 8080 --config /etc/x.conf --workers 4 -c 128 --bind 0.0.0.0:80'],
    ['-p 8080 -p 80:80 -p /var/lib/app -p8080 -port 8080 -prefix /srv'],
    ['-Xmx4g -XX:+UseG1GC -Dserver.port=8080 -jar /srv/app/lib/orders-service-1.4.2.jar'],
    ['-g daemon off; -c /etc/nginx/nginx.conf'],
    ['-m gunicorn app:api --worker-class uvicorn.workers.UvicornWorker --timeout 30 --max-requests 1000'],
    ['--url http://127.0.0.1:8080/users?page=2&sort=name --ipv6 http://[::1]:80/ https://user.example/a@b'],
    ['-H Accept: application/json -H Content-Type: text/html'],
    ['--no-auth --log-level debug --keep-alive --monkeypatch no --cluster-size 3 --name production-eu-west-1'],
    ['git@github.com:owner/project.git ssh://git@github.com/owner/project -u www-data -U postgres'],
    ['-a 0.0.0.0 -E utf8 -c 4 --id 7 --name api'],
    [
      '--max-semi-space-size=32 /usr/lib/jvm/java-17-openjdk-amd64/bin/java --require AbstractSingletonProxyFactoryBean',
    ],
  ])('leaves what is none: %s', (text) => {
    // Each header is one argument.
    const args = text.split(/ (?=-)| (?=\/|http|https|ssh)/).flatMap((part) => {
      const [, flag = '', value] = /^(\S+) (.*)$/s.exec(part) ?? []
      return value === undefined ? [part] : [flag, value]
    })
    expect(hideInArguments(['app', ...args]).join(' ')).toBe(`app ${text}`)
  })

  it('hides a random secret in every place that is known for them', () => {
    const places: ((secret: string) => string[])[] = [
      (s) => ['--password', s],
      (s) => [`--password=${s}`],
      (s) => ['-H', `X-Key: ${s}`],
      (s) => ['-u', `name:${s}`],
      (s) => [`postgres://name:${encodeURIComponent(s)}@host/db`],
      (s) => [`redis://:${s}@host:6379/0`],
      (s) => [`http://h/?api_key=${encodeURIComponent(s)}&page=1`],
      (s) => [`-Da.b.secret=${s}`],
      (s) => [`API_TOKEN=${s}`],
      (s) => [`Server=h;Password=${s};Port=1`],
      (s) => [`{"token":"${s}"}`],
      (s) => ['sh', '-c', `program --token '${s}'`],
      (s) => ['sh', '-c', `TOKEN=${s} program`],
    ]
    // Of what secrets are made of; at least one character that no flag has, for `-a` alone is one.
    const secret = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9+/_.~!%*-]{7,60}[0-9A-Z]$/)
    fc.assert(
      fc.property(fc.constantFrom(...places), secret, (place, s) => {
        const cleaned = hideInArguments(['app', ...place(s), '--port', '8080']).join(' ')
        expect(cleaned).not.toContain(s)
        expect(cleaned).not.toContain(encodeURIComponent(s))
        expect(cleaned).toMatch(/ --port 8080$/)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('any text', () => {
  it.each([
    ['a bearer token', `Authorization: Bearer ${S}`],
    ['a basic one', 'sent Basic dXNlcjpodW50ZXIy'],
    ['a token for a header', `header "Authorization": "Token ${S}"`],
    ['a web token', 'got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U'],
    ['a private key', '-----BEGIN RSA PRIVATE KEY-----\nMIIabc\nxyz\n-----END RSA PRIVATE KEY-----'],
    ['a private key that is cut off', '-----BEGIN PRIVATE KEY-----\nMIIabc\nxyz'],
    ['a key of AWS', 'using AKIAIOSFODNN7EXAMPLE'],
    ['its secret', 'using wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'],
    ['a token of GitHub', 'remote: ghp_abcdefghijklmnopqrstuvwxyzABCDEF0123'],
    ['a token of Slack', 'xoxb-123456789012-abcdefghijkl'],
    ['a key of OpenAI', 'sk-proj-abcdefghijklmnop'],
    ['random hex', 'id 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'],
    ['a session in a cookie', 'Set-Cookie: sid=abc; Path=/; theme=dark'],
    ['a query', `GET /reset?code=${S}&pin=1234 failed`],
    ['an encoded name', `GET /?pass%77ord=${S}`],
    ['a signed address', `https://b/o?X-Amz-Signature=${S}&X-Amz-Credential=${S}`],
    ['json in json', `{\\"password\\":\\"${S}\\"}`],
    ['a property', `db.password = ${S}`],
    ['yaml', `password: ${S}`],
    ['a token that names nobody', `https://${S}token@host/path`],
    ['an address that is cut off', `postgres://u:${S}`],
    ['an address with a slash in its password', `postgres://u:ab/${S}@h/db`],
    ['several addresses', `amqp://u:${S}@a,amqp://v:${S}@b`],
    ['several hosts', `mongodb://u:${S}@h1:1,h2:2/db`],
    ['an element', `<s:Password type="text">${S}</s:Password>`],
    ['a value beside its name', `{"name": "DB_PASSWORD", "value": "${S}"}`],
    ['the same in yaml', `name: DB_PASSWORD\n  value: ${S}`],
    ['the same, in json in json', `{\\"name\\":\\"TOKEN\\",\\"value\\":\\"${S}\\"}`],
    ['a list', `"tokens": [ "a", "${S}" ], "page": 1`],
    ['an object', `{"token": {"value": "${S}"}}`],
    ['a list that is cut off', `"tokens": [ "a", "${S}"`],
    ['an encoded assignment', `passwd%3D${S} and "secret\\u003d${S}"`],
    ['an arrow', `password -> ${S}`],
  ])('%s', (_what, text) => {
    const cleaned = hideSecrets(text)
    expect(cleaned).toContain(HIDDEN)
    for (const secret of [S, 'dXNlc', 'eyJ', 'MII', 'xyz', 'FODNN', 'FEMI', 'abcdefgh', 'f86d0', 'abc;', '1234&'])
      expect(cleaned).not.toContain(secret)
    expect(hideSecrets(cleaned)).toBe(cleaned)
  })

  it.each([
    'cannot connect to 127.0.0.1:8080: connect ECONNREFUSED 127.0.0.1:8080',
    'listening on http://[::1]:8080/, https://api.example:8443/v1/users?page=2',
    "error: listen EADDRINUSE: address already in use :::18081 { code: 'EADDRINUSE', errno: -98 }",
    '    at Server.setupListenHandle [as _listen2] (node:net:1940:16)',
    'Exception in thread "main" java.lang.ClassNotFoundException: org.example.OrdersServiceApplication',
    'mongodb://h1:1,h2:2/db probe-2026-11-30T18-21-33.ndjson x86_64-linux-gnu mail to a@example.com',
  ])('leaves %s', (text) => {
    expect(hideSecrets(text)).toBe(text)
  })

  it('takes no longer than in proportion to the text', () => {
    for (const piece of [
      'a',
      '://',
      'a:',
      '"',
      "'",
      '=',
      'a=',
      '-----BEGIN A-----',
      'token ',
      ';a=',
      '@',
      'a/',
      'eyJ',
      '\\',
      ' "',
      'password="',
      'password=[',
      '<key>',
      '<key ',
      'name=key value="',
      'name=key,value=\\',
    ]) {
      const text = piece.repeat(Math.ceil(200_000 / piece.length))
      const begun = process.cpuUsage()
      hideSecrets(text)
      hideInArguments(['sh', '-c', text])
      // Whatever is quadratic takes minutes of this.
      expect(process.cpuUsage(begun).user / 1e6, piece).toBeLessThan(10)
    }
  })
})

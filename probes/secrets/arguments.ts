import { isHarmlessHeader, isSecretName } from './names.ts'
import { HIDDEN, hideSecrets, LONGEST, saysNothing } from './text.ts'

/**
 * The arguments of a program, its name first, without what is secret: `--password x`, `--password=x`, `-px`, `-u name:x`,
 * `-H 'X-Any: x'`, `-Dany.password=x`, `TOKEN=x`, and whatever `hideSecrets` finds in any of them. A whole command line in
 * one of them (`sh -c`, a title that a process gave itself) is taken apart as well.
 */
export function hideInArguments(items: readonly string[]): string[] {
  const [program = '', ...rest] = items
  if (items.length === 0) return []
  const name = program.split('/').at(-1) ?? ''
  return [isLine(program) ? hideInLine(program, 0) : hideSecrets(program), ...hideInRest(rest, name, 0)]
}

/** What the argument before says of the next one. */
type Expected = 'secret' | 'password' | 'header' | 'user' | 'variable' | null

function hideInRest(items: readonly string[], first: string, depth: number): string[] {
  let program = first
  let expected: Expected = program === 'env' ? 'variable' : null
  return items.map((item) => {
    const now = expected
    // `password = x`, as source has it: the value is still to come.
    if (now === 'secret' && ASSIGNS.test(item)) return item
    if (now !== null && !isFlag(item)) {
      expected = program === 'env' && item.includes('=') ? 'variable' : null
      return hideExpected(item, now, depth)
    }
    // sudo, timeout, an interpreter, `exec`: the program that is meant stands behind them.
    const called = item.split('/').at(-1) ?? ''
    if (HAS_OWN_FLAGS.test(called)) program = called
    expected = called === 'env' && program === called ? 'variable' : expectedAfter(item, program)
    return hideInItem(item, program, depth)
  })
}

const ASSIGNS = /^(?::?=|=>|==|:)$/

/** A value that begins with a dash is one, unless it looks like nothing but a flag. */
const isFlag = (item: string): boolean => /^(?:--[a-z][a-z0-9-]*(?:=.*)?|-[A-Za-z]|--)$/s.test(item)

const PASSWORD_SHORT = /^-[pP]$/
const HEADER_FLAG = /^(?:-H|--headers?|--proxy-header|--add-header|-header)$/
/** What takes `name:password`, alone or behind other letters (curl's -su), and certificates with their passphrase. */
const USER_FLAG =
  /^(?:-[a-zA-Z]{0,8}[uU]|-[aAE]|--user|--proxy-user|--username|--login|-user|--userpwd|--basic|--digest|--cert|--proxy-cert)$/
const VARIABLE_FLAG = /^(?:-e|--env|--build-arg|--set|--set-string|-env)$/
/** Short options that are a password for these programs only. */
const SHORT_OF: readonly (readonly [flag: RegExp, program: RegExp])[] = [
  [/^-a$/, /^(?:redis|valkey|keydb|jmeter)/],
  [/^-w$/, /^ldap/],
  [/^-c$/, /^snmp/],
  [/^-[AX]$/, /^snmp/],
  [/^-[kK]$/, /^openssl/],
  [/^-[uU]$/, /^smb/],
]
/** Of these an option of one letter may have its value glued on: no longer word begins with one dash. */
const GLUED = /^(?:redis|valkey|keydb|ldap|snmp)/
/** Programs whose short options are known here. */
const HAS_OWN_FLAGS = /^(?:(?:redis|valkey|keydb|ldap|snmp|openssl|smb|mysql|mariadb|jmeter)[\w.-]{0,30}|sshpass|env)$/

function expectedAfter(item: string, program: string): Expected {
  if (HEADER_FLAG.test(item)) return 'header'
  if (SHORT_OF.some(([flag, whose]) => flag.test(item) && whose.test(program))) return 'secret'
  if (USER_FLAG.test(item)) return 'user'
  if (VARIABLE_FLAG.test(item)) return 'variable'
  if (PASSWORD_SHORT.test(item)) return 'password'
  // `--password= x`: a typing error, and the password is still one.
  if (/=./s.test(item) || isLine(item)) return null
  if (/^--?no-/.test(item)) return null
  const [, dashes, name = ''] = /^(-{1,2}|\/|\+)?([A-Za-z_][\w.-]{0,200})[:=]?$/.exec(item) ?? []
  if (dashes !== undefined) return isSecretName(name) ? 'secret' : null
  // A word of its own, as in `requirepass x`: only where it can be nothing else.
  return /^(?:[A-Za-z]{0,20}passw?(?:or)?d?|pwd|auth|secret|token|apikey)$/i.test(name) && isSecretName(name)
    ? 'secret'
    : null
}

function hideExpected(item: string, expected: Exclude<Expected, null>, depth: number): string {
  if (saysNothing(item)) return item
  switch (expected) {
    case 'secret':
      return HIDDEN
    case 'password':
      return isPlainValue(item) ? item : HIDDEN
    case 'header':
      return hideInHeader(item)
    case 'user': {
      const [, name, mark] = /^([^:%]{0,200})([:%])./s.exec(item) ?? []
      return name === undefined ? hideSecrets(item) : `${name}${mark}${HIDDEN}`
    }
    case 'variable': {
      const [, name, value = ''] = /^([A-Za-z_][\w.-]{0,200})=(.*)$/s.exec(item) ?? []
      if (name === undefined) return hideInItem(item, '', depth)
      return saysNothing(value) || (!isSecretName(name) && isPlainValue(value)) ? item : `${name}=${HIDDEN}`
    }
  }
}

/** What `-p` means to most programs: a port, ports, a folder or file, a number. */
const isPlainValue = (text: string): boolean => /^(?:[\d.:,/-]{1,40}|\.{0,2}\/[\w./@+-]{0,400})$/.test(text)

function hideInHeader(item: string): string {
  const [, name, blank = '', value = ''] = /^([^:]{1,200}):(\s*)(.*)$/s.exec(item) ?? []
  if (name === undefined) return hideSecrets(item)
  return isHarmlessHeader(name) || saysNothing(value) ? hideSecrets(item) : `${name}:${blank}${HIDDEN}`
}

/** Words that begin with a p behind one dash, in the manner of Java and Go programs. */
const WORDS_IN_P =
  /^-(?:p|parallel|params?|path|pattern|period|pid|pidfile|plugins?|poll|pool|port|prefix|preserve|print|priority|process|processes|prod|profile|project|properties|protocol|proxy|public|python)(?:[=:].*)?$/s

function hideInItem(item: string, program: string, depth: number): string {
  if (saysNothing(item)) return item
  const [, flag = '', value] = /^([^=\s]{1,200})=(.*)$/s.exec(item) ?? []
  if (value !== undefined) {
    if (HEADER_FLAG.test(flag)) return `${flag}=${hideInHeader(value)}`
    if (USER_FLAG.test(flag)) return `${flag}=${hideExpected(value, 'user', depth)}`
    if (VARIABLE_FLAG.test(flag)) return `${flag}=${hideExpected(value, 'variable', depth)}`
    const name = flag.replace(/^(?:--?|\/|\+)/, '')
    // -Dname, -Jname: the letter is the option's.
    const isSecret = isSecretName(name) || (/^-[A-Z]/.test(flag) && isSecretName(name.slice(1)))
    if (isSecret) return saysNothing(value) ? item : `${flag}=${HIDDEN}`
  }
  // --password:x, as .NET and Windows programs have it
  const [, named, name = ''] = /^((?:--?|\/)([A-Za-z][\w.-]{0,200}):)./s.exec(item) ?? []
  if (named !== undefined && isSecretName(name)) return named + HIDDEN
  const [, joined, rest = ''] = /^(-[HuUpP])(.+)$/s.exec(item) ?? []
  if (joined === '-H') return joined + hideInHeader(rest)
  if ((joined === '-u' || joined === '-U') && /[:%]/.test(rest)) return joined + hideExpected(rest, 'user', depth)
  if (GLUED.test(program) && SHORT_OF.some(([short, whose]) => short.test(item.slice(0, 2)) && whose.test(program)))
    if (item.length > 2) return item.slice(0, 2) + HIDDEN
  if (joined === '-p' || joined === '-P') {
    const isPassword = /^(?:mysql|mariadb|sshpass)/.test(program) || !WORDS_IN_P.test(item)
    if (isPassword && !isPlainValue(rest)) return joined + HIDDEN
  }
  return isLine(item) ? hideInLine(item, depth) : hideSecrets(item)
}

const isLine = (item: string): boolean => /\s\S/.test(item)
/** A line in a line in a line: no shell is nested deeper for anything but harm. */
const DEEPEST = 3

/** A command line in one text: its words by themselves, then the whole. */
function hideInLine(text: string, depth: number): string {
  if (depth === DEEPEST) return hideSecrets(text)
  // What needs several words to be seen goes before they are parted.
  const parts = partsOf(hideSecrets(text.slice(0, LONGEST)))
  const words = parts.flatMap(({ isBlank, text: word }) => (isBlank ? [] : [unquoted(word)]))
  const inner = words.map((word) => word.inner)
  const cleaned = hideInRest(inner, inner[0]?.split('/').at(-1) ?? '', depth + 1)
  const quotes = words.map((word) => word.quote)
  const joined = parts.map(({ isBlank, text: part }) => {
    const quote = isBlank ? '' : quotes.shift()
    return isBlank ? part : `${quote}${cleaned.shift()}${quote}`
  })
  return hideSecrets(joined.join(''))
}

/** Words as a shell would part them, and the blanks between; a quote that is never closed is a character. */
function partsOf(text: string): { text: string; isBlank: boolean }[] {
  const parts: { text: string; isBlank: boolean }[] = []
  const lastOf = { '"': text.lastIndexOf('"'), "'": text.lastIndexOf("'") }
  for (let at = 0; at < text.length; ) {
    const isBlank = isBlankAt(text, at)
    let end = at
    while (end < text.length && isBlankAt(text, end) === isBlank) {
      const character = text[end]
      if ((character === '"' || character === "'") && lastOf[character] > end) end = text.indexOf(character, end + 1)
      end++
    }
    parts.push({ text: text.slice(at, end), isBlank })
    at = end
  }
  return parts
}

const isBlankAt = (text: string, at: number): boolean => /\s/.test(text[at] ?? '')

function unquoted(word: string): { quote: string; inner: string } {
  const [, quote, inner] = /^(["'])(.*)\1$/s.exec(word) ?? []
  return quote === undefined || inner === undefined ? { quote: '', inner: word } : { quote, inner }
}

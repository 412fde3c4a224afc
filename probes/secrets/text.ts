import { isSecretInQuery, isSecretName } from './names.ts'

/** What stands in place of a secret. */
export const HIDDEN = '(hidden)'

/** What is longer is cut before it is looked through; nothing that is shown is. */
export const LONGEST = 64 * 1024

/**
 * A text without what is, or may be, secret in it: passwords in addresses and connection strings, values of names like
 * `token`, credentials behind `Bearer`, private keys, keys that tell by their form whose they are, and long literals that
 * nobody has made up. For text of others (arguments, output, messages), where it enters. A second pass changes nothing.
 *
 * Takes time in proportion to the text, whatever stands in it.
 */
export function hideSecrets(text: string): string {
  const bounded = text.length > LONGEST ? text.slice(0, LONGEST) : text
  return [
    withoutKnownForms,
    withoutUserInfo,
    withoutQueryValues,
    withoutSchemes,
    withoutElements,
    withoutValuesBeside,
    withoutNamedValues,
    withoutRandom,
  ].reduce((cleaned, clean) => clean(cleaned), bounded)
}

/** A value that says nothing: empty, a word for yes or no, or hidden already. */
export const saysNothing = (value: string): boolean =>
  /^(?:|\(hidden\)|true|false|yes|no|on|off|null|none|undefined)$/i.test(value.trim())

const FORMS: readonly RegExp[] = [
  // PEM; where its end was cut off, all that follows.
  /-----BEGIN [A-Z0-9 ]{0,60}-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,60}-----|$)/g,
  // JSON Web Tokens and what else begins with {" in base64
  /\beyJ[\w+/=-]{6,}(?:\.[\w+/=-]*){0,5}/g,
  // AWS, Google, GitHub, GitLab, Slack, Stripe, OpenAI, npm, SendGrid, Vault, Hugging Face, DigitalOcean, Shopify, ...
  /\b(?:AKIA|ASIA|AROA|AIDA|AIza|ya29\.|GOCSPX-|EAAC|SG\.)[\w./+=-]{6,}/g,
  /\b(?:gh[pousr]_|github_pat_|glpat-|gldt-|xox[a-z]-|xapp-|(?:sk|pk|rk|whsec)[-_]|npm_|pypi-|hvs\.|hf_|do[opr]_v1_|shp(?:at|ss|ca)_|lin_api_|dckr_pat_)[\w./+=-]{6,}/g,
  /https:\/\/hooks\.slack\.com\/services\/[^\s"'<>]+/g,
]

const withoutKnownForms = (text: string): string => FORMS.reduce((cleaned, form) => cleaned.replace(form, HIDDEN), text)

const ADDRESS = /([a-z][a-z0-9+.-]{1,30}:\/\/)((?:(?![a-z][a-z0-9+.-]{1,30}:\/\/)[^\s"'<>`])*)/gi
/** Without a scheme, as drivers take it: `user:password@host`, `user:password@tcp(host)`, `user/password@//host/service`. */
const BARE = /(^|[\s"'=,(]|:thin:)((?:\/\/)?[^\s"'=,:/@()]{1,64}[:/])(?!\/\/)([^\s"'@]{1,256})@(?=[\w([/])/g
/** In these a name without a password is no secret. */
const NAMES_USERS = /^(?:ssh|sftp|git|git\+ssh|svn\+ssh|rsync|postgres(?:ql)?|mysql|mariadb):/i

const withoutUserInfo = (text: string): string =>
  text
    .replace(ADDRESS, (_whole, scheme: string, rest: string) => scheme + withoutUserInfoOf(scheme, rest))
    .replace(BARE, (_whole, before: string, user: string) => `${before}${user}${HIDDEN}@`)

/** `rest` is what follows the scheme. A password may hold what ends an authority, and its `@` may have been cut off. */
function withoutUserInfoOf(scheme: string, rest: string): string {
  const end = rest.search(/[/?#]/)
  const authority = end < 0 ? rest : rest.slice(0, end)
  const at = authority.lastIndexOf('@')
  if (at >= 0) {
    const isName = NAMES_USERS.test(scheme) && !authority.slice(0, at).includes(':')
    return isName ? rest : HIDDEN + rest.slice(at)
  }
  const colon = authority.startsWith('[') ? authority.indexOf(':', authority.indexOf(']')) : authority.indexOf(':')
  const isPort = colon < 0 || /^:\d{0,5}(?:,.*)?$/.test(authority.slice(colon))
  const later = rest.lastIndexOf('@')
  if (isPort && (later < 0 || /^(?:https?|wss?):/i.test(scheme) || colon < 0)) return rest
  return later < 0 ? rest.slice(0, colon + 1) + HIDDEN + rest.slice(authority.length) : HIDDEN + rest.slice(later)
}

const withoutQueryValues = (text: string): string =>
  text.replace(/([?&;#])([^=&;#?\s"']{1,200})=([^&;#\s"'<>]*)/g, (whole, mark: string, name: string, value: string) =>
    isSecretInQuery(name) && !saysNothing(value) ? `${mark}${name}=${HIDDEN}` : whole,
  )

/** What proves an identity behind the name of its scheme. */
const withoutSchemes = (text: string): string =>
  text.replace(
    /\b(bearer|basic|digest|negotiate|ntlm|apikey|token|aws4-hmac-sha256)(\s{1,8}|%20|\+)([^\s"'`,;]+)/gi,
    (whole, scheme: string, blank: string, value: string) =>
      saysNothing(value) || (!/^bearer$/i.test(scheme) && !/[A-Z\d=]/.test(value))
        ? whole
        : `${scheme}${blank}${HIDDEN}`,
  )

/** `<password>x</password>` */
const ELEMENT = /<([A-Za-z_][\w.:-]{0,100})((?:\s[^<>]{0,500})?>)([^<]+)(?=<\/)/g
const withoutElements = (text: string): string =>
  text.replace(ELEMENT, (whole, name: string, rest: string, value: string) =>
    isSecretName(name) && !saysNothing(value) ? `<${name}${rest}${HIDDEN}` : whole,
  )

/** A name and its value as two fields: `"name": "TOKEN", "value": "x"`, `<add key="Password" value="x"/>`. */
const BESIDE =
  /\b((?:name|key|id)(?:\\{0,4}["'])?\s{0,8}[:=]\s{0,8}(?:\\{0,4}["'])?)([\w.-]{1,100})((?:\\{0,4}["'])?[\s,;]{1,16}(?:\\{0,4}["'])?value(?:\\{0,4}["'])?\s{0,8}[:=]\s{0,8})(?:(\\{0,4}["'])([^"'\\\r\n]*)|([^\s,;}"'<>]+))/gi
const withoutValuesBeside = (text: string): string =>
  text.replace(BESIDE, (whole, before: string, name: string, between: string, quote = '', quoted = '', bare = '') =>
    isSecretName(name) && !saysNothing(quoted || bare) ? before + name + between + quote + HIDDEN : whole,
  )

const NAMED = /(?<![\w.-])([A-Za-z_][\w.-]{0,1000})(?:\\*["'])?\s{0,32}(?::=|=>|->|[:=]|%3[AD]|\\u003[ad])[ \t]{0,32}/gi
/** Headers with blanks in their values. */
const TAKES_THE_LINE = /authoriz|cookie/i
const END_OF_LINE = /["'`\r\n]|$/g
const END_OF_WORD = /[\s;"'`]|$/g
const END_OF_PAIR = /[;"'`\r\n]|$/g
const LOOKS_LIKE_PAIRS = /;\s{0,8}[\w .-]{1,64}=/

/** `password=x`, `"token": "x"`, `Pwd = x y;`, `Authorization: x y`. */
function withoutNamedValues(text: string): string {
  let cleaned = ''
  let at = 0
  const hasPairs = LOOKS_LIKE_PAIRS.test(text)
  for (const match of text.matchAll(NAMED)) {
    const start = match.index + match[0].length
    const name = match[1] ?? ''
    if (start < at || !isSecretName(name)) continue
    const [from, to] = valueAt(text, start, match[0], hasPairs)
    if (saysNothing(text.slice(from, to))) continue
    cleaned += text.slice(at, from) + HIDDEN
    at = to
  }
  return cleaned + text.slice(at)
}

/** Where the value behind a name begins and ends, without its quotes. */
function valueAt(text: string, start: number, before: string, hasPairs: boolean): [number, number] {
  const quote = /\\*["'`]/y
  quote.lastIndex = start
  const opening = quote.exec(text)?.[0]
  if (opening !== undefined) {
    const from = start + opening.length
    return [from, closing(text, from, opening)]
  }
  const closes = { '{': '}', '[': ']' }[text[start] ?? '']
  if (closes !== undefined) return [start + 1, closingBracket(text, start, closes)]
  const ends = TAKES_THE_LINE.test(before) ? END_OF_LINE : hasPairs && before.includes('=') ? END_OF_PAIR : END_OF_WORD
  ends.lastIndex = start
  return [start, ends.exec(text)?.index ?? text.length]
}

/** The same quote again, escaped as deeply. */
function closing(text: string, from: number, quote: string): number {
  for (let at = text.indexOf(quote, from); at >= 0; at = text.indexOf(quote, at + 1))
    if (quote.length > 1 || text[at - 1] !== '\\') return at
  return text.length
}

/** What is within a list or an object is hidden with it; where its end is far, that far. */
function closingBracket(text: string, from: number, closes: string): number {
  const furthest = Math.min(text.length, from + LARGEST_VALUE)
  for (let at = from, depth = 0; at < furthest; at++) {
    if (text[at] === text[from]) depth++
    else if (text[at] === closes && --depth === 0) return at
  }
  return furthest
}

const LARGEST_VALUE = 4096
const LONG = /[A-Za-z0-9+/_=-]{20,}/g

/** Keys, hashes, ids: what is random and long enough to guard something. */
const withoutRandom = (text: string): string =>
  text.replace(LONG, (literal) => {
    if (!literal.includes('/')) return isRandom(literal, 0.25) ? HIDDEN : literal
    // The parts of a path, or base64.
    return isRandom(literal, 0.35) && hasAllKinds(literal)
      ? HIDDEN
      : literal.replace(/[^/]{20,}/g, (part) => (isRandom(part, 0.25) ? HIDDEN : part))
  })

const hasAllKinds = (text: string): boolean => /[a-z]/.test(text) && /[A-Z]/.test(text) && /\d/.test(text)

/**
 * Whether letters of both cases and digits follow each other as chance has them: in words and names they come in runs. Of
 * base64 some 60 % of the neighbours differ in kind, of hex half of them, of CamelCase a quarter to a third.
 */
function isRandom(text: string, share: number): boolean {
  let kinds = 0
  let changes = 0
  let before = ''
  for (const character of text) {
    const kind =
      character <= '9' && character >= '0' ? 'd' : /[a-z]/.test(character) ? 'l' : /[A-Z]/.test(character) ? 'u' : ''
    if (kind === '') continue
    kinds++
    if (before !== '' && before !== kind) changes++
    before = kind
  }
  return kinds >= 16 && changes / (kinds - 1) >= (/\d/.test(text) ? share : Math.max(share, 0.4))
}

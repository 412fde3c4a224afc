/**
 * Which names stand for something secret. Wide on purpose: a value that is hidden without need costs a look at the process
 * itself, one that is shown cannot be taken back.
 */

/** A word of a name: `api-key`, `apiKey` and `API_KEY` have the words api and key. */
const WORDS = new Set(
  [
    'pass passwd password passwort passphrase passcode pwd pw psw pin pat otp totp mfa',
    'secret secrets token tokens key keys apikey auth authn authz authentication authorization oauth',
    'credential credentials cred creds cookie cookies session sessions sessid sid jwt jws saml assertion bearer',
    'sig signature hmac salt nonce csrf xsrf private priv dsn webhook license licence seed mnemonic amz',
    'kennwort wachtwoord contrasena senha clave parola haslo losenord salasana mdp',
  ].flatMap((line) => line.split(' ')),
)
/** Glued to others: DBPASSWORD, xaccesstoken. */
const INSIDE =
  /passw|passphrase|passcode|secret|token|api[-_.]?key|credential|cookie|session|sessid|signature|authoriz|authent|bearer|private[-_.]?key|connection[-_.]?string/i
/** At the end of a word: PGPASS, MYSQLPWD, AccountKey, Jauth. */
const AT_END = /(?:pass|pwd|key|keys|auth|jwt|creds|dsn|passwd)\d*$/i
/** In the query of an address, too. */
const IN_QUERY = new Set([
  'access',
  'code',
  'state',
  'ticket',
  'hash',
  'sign',
  'challenge',
  'verifier',
  'invite',
  'reset',
  'k',
  's',
])

export function isSecretName(name: string): boolean {
  if (INSIDE.test(name) || AT_END.test(name)) return true
  return wordsOf(name).some((word) => WORDS.has(word) || AT_END.test(word))
}

/** A name in the query of an address, as it is written there. */
export function isSecretInQuery(name: string): boolean {
  const decoded = decode(name)
  return isSecretName(decoded) || wordsOf(decoded).some((word) => IN_QUERY.has(word))
}

/** Headers whose literal values may be shown: all others may carry what proves an identity. */
const HARMLESS_HEADERS = new Set([
  ...['accept', 'accept-charset', 'accept-encoding', 'accept-language', 'cache-control', 'connection', 'pragma'],
  ...['content-encoding', 'content-language', 'content-length', 'content-type', 'date', 'dnt', 'expect', 'host'],
  ...['origin', 'range', 'referer', 'te', 'upgrade-insecure-requests', 'user-agent', 'x-forwarded-proto'],
  'x-requested-with',
])

export const isHarmlessHeader = (name: string): boolean => HARMLESS_HEADERS.has(name.trim().toLowerCase())

const wordsOf = (name: string): string[] =>
  name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .map((word) => word.replace(/\d+$/, ''))

function decode(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name // not encoded, or wrongly: taken as it stands
  }
}

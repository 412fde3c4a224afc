// Surrogate pairs are no special characters, but telling them from lone ones takes the slower look.
const MAYBE_SPECIAL = /[&<>"'\0-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]/
const EACH_SPECIAL = /[&<>"'\p{Cc}\p{Cs}\ufffe\uffff]/gu
const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '\n': '\n',
}

/** Text for XML 1.0 content and attributes. Characters no XML document may hold (source: XML 1.0, 2.2 Char) become U+FFFD. */
export const xmlText = (text: string): string =>
  MAYBE_SPECIAL.test(text) ? text.replace(EACH_SPECIAL, (character) => ENTITIES[character] ?? '\ufffd') : text

/** A coordinate in hundredths of a pixel at most: short, and the same everywhere. */
export function xmlNumber(value: number): string {
  const hundredths = Math.round(value * 100)
  if (!(hundredths >= 0 && hundredths < 1e9)) return String(hundredths / 100)
  // Printing a fraction costs a microsecond, a third of a whole box.
  const whole = Math.floor(hundredths / 100)
  return whole + (FRACTIONS[hundredths - whole * 100] ?? '')
}

/** Empty, `.01` to `.99`, without closing zeros. */
const FRACTIONS = Array.from({ length: 100 }, (_, hundredths) => String(hundredths / 100).slice(1))

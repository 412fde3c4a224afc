// Characters above 7e are all special, so that one look finds them.
const SPECIAL = /[^\n\x20-\x7e]|[&<>"']/
const EACH_SPECIAL = /[&<>"'\p{Cc}\P{ASCII}]/gu
const NO_XML = /[\p{Cc}\p{Cs}\ufffe\uffff]/u
const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '\n': '\n',
}

/**
 * Text for XML 1.0 content and attributes, in ASCII: one other character anywhere, and a browser reads and keeps the
 * whole file in twice the bytes, which a large picture shows later for. Characters no XML document may hold (source:
 * XML 1.0, 2.2 Char) become U+FFFD.
 */
export const xmlText = (text: string): string =>
  SPECIAL.test(text) ? text.replace(EACH_SPECIAL, (character) => ENTITIES[character] ?? reference(character)) : text

const reference = (character: string): string => `&#${NO_XML.test(character) ? 0xfffd : character.codePointAt(0)};`

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

const SPECIAL = /[&<>"'\p{Cc}\P{ASCII}]/u
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
export const xmlNumber = (value: number): string => String(Math.round(value * 100) / 100)

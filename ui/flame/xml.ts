const SPECIAL = /[&<>"'\p{Cc}\p{Cs}\ufffe\uffff]/u
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
  SPECIAL.test(text) ? text.replace(EACH_SPECIAL, (character) => ENTITIES[character] ?? '\ufffd') : text

/** A coordinate in hundredths of a pixel at most: short, and the same everywhere. */
export const xmlNumber = (value: number): string => String(Math.round(value * 100) / 100)

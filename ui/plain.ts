// The door for whoever must start at once: what is here loads nothing else.
export { asciiText } from './terminal/glyphs.ts'
export { isAsciiOnly } from './terminal/theme.ts'

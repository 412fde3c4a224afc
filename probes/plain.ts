// The door for whoever must start at once: what is here loads nothing else.
export { sanitizeJson, sanitizeLines, sanitizeText } from './text.ts'

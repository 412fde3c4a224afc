/** A tint 0..2 from a name (FNV-1a): the same function has the same tint in every picture and on every screen. */
export function tintOf(name: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193)
  return ((hash >>> 8) & 0xffff) % 3
}

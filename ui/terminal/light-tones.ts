import type { Role, Tone } from './palette.ts'

// Chosen for white paper: text keeps a contrast of 4.5 or more, boxes are pale under the same dark letters. Among sixteen
// colours yellow cannot be read on white, so a warning is magenta.
export const lightTones: Readonly<Record<Role, Tone | null>> = {
  plain: null,
  dim: [88, 96, 108, 241, 90],
  faint: [172, 179, 188, 249, 37],
  accent: [0, 90, 170, 25, 34],
  good: [16, 108, 52, 22, 32],
  warn: [138, 84, 0, 94, 35],
  bad: [186, 28, 28, 124, 31],
  bar: [42, 112, 182, 32, 34],
  dark: [16, 20, 26, 233, 30],
  band: [234, 238, 243, 255, 107],
  user0: [250, 208, 148, 222, 43],
  user1: [246, 196, 134, 216, 43],
  user2: [252, 220, 172, 223, 43],
  kernel0: [178, 208, 246, 153, 46],
  kernel1: [162, 196, 240, 117, 46],
  kernel2: [198, 220, 250, 111, 46],
  jit0: [182, 222, 168, 151, 42],
  jit1: [168, 212, 154, 157, 42],
  jit2: [200, 232, 188, 150, 42],
  unknown0: [214, 217, 222, 252, 47],
  unknown1: [204, 208, 214, 251, 47],
  unknown2: [222, 225, 229, 253, 47],
  root: [198, 205, 214, 250, 47],
  highlight: [255, 226, 72, 227, 103],
}

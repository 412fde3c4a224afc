import { expect, test } from 'vitest'
import { readableJavaName } from '../../../probes/symbols/java-name.ts'

test.each([
  ['int Calls.parse(int)', 'Calls.parse'],
  ['void a.b.C$D.run()', 'a.b.C$D.run'],
  ['int[] a.B.f(java.lang.String, long[])', 'a.B.f'],
  ['void java.lang.Object.<init>()', 'java.lang.Object.<init>'],
  ['void a.B.<clinit>()', 'a.B.<clinit>'],
  ['void T.lambda$main$0(int[])', 'T.lambda$main$0'],
  ['void T$$Lambda$1/0x00007f949c000a08.run()', 'T$$Lambda.run'],
  ['void T$$Lambda/0x0000000081040210.run()', 'T$$Lambda.run'],
  [
    'java.lang.Object java.lang.invoke.LambdaForm$MH/0x00007f949c000a08.invoke(java.lang.Object)',
    'java.lang.invoke.LambdaForm$MH.invoke',
  ],
  ['int größe.Maß.größe(int)', 'größe.Maß.größe'],
])('a method of Java: %s', (listed, readable) => {
  expect(readableJavaName(listed)).toBe(readable)
})

test.each([
  'Interpreter',
  'I2C/C2I adapters',
  'native signature handlers',
  'monitorexit_nofpu Runtime1 stub',
  'JS:*hotSum file:///srv/jit-server.mjs:9:16',
  'JS:~größe node:internal (x)',
  'py::handle:/srv/app (1).py',
  'void [System.Private.CoreLib] System.Threading.Thread::StartCallback()[Tier0]',
  'Builtin:ArrayMap()',
])('what is none stays as it is: %s', (name) => {
  expect(readableJavaName(name)).toBe(name)
})

test('a name that repeats what is looked for takes no longer than its length', () => {
  const name = `a ${'b.'.repeat(50_000)}(`
  expect(readableJavaName(name)).toBe(name)
})

import { targets } from './broken-targets.ts'
import { runChild } from './child-loop.ts'

await runChild(targets)

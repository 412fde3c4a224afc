import { runChild } from './child-loop.ts'
import { targets } from './targets.ts'

await runChild(targets)

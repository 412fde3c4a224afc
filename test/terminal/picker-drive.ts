import { createCandidateList } from '../../probes/index.ts'
import { openPicker } from '../../ui/index.ts'

/** The list of this machine's processes; prints what was picked. */
const chosen = await openPicker(createCandidateList(), { theme: 'auto', ascii: undefined, screenReader: undefined })
console.log(`picked ${chosen?.pid}`)

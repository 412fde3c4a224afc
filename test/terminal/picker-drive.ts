import { createCandidateList } from '../../probes/index.ts'
import { openPicker } from '../../ui/index.ts'

/** The list of this machine's processes; prints what was picked. */
const picked = await openPicker(createCandidateList(), { theme: 'auto', ascii: undefined, screenReader: undefined })
console.log(`picked ${typeof picked === 'string' ? picked : picked.pid}`)

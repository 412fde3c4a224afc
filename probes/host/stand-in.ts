import type { Target } from './target.ts'

/** A target for questions whose answer does not depend on whom it is about: this very process, listening nowhere. */
export const standInTarget = (): Target => ({
  processes: [{ pid: process.pid, starttime: 0, comm: 'probe' }],
  ports: [],
  netnsInode: null,
  netnsPid: process.pid,
  cgroup: null,
  selectedBy: 'pid',
  selector: '',
  follow: false,
})

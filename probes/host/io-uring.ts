import { createLook, type Look, openFiles } from './open-files.ts'
import { readProcStart } from './process.ts'

/**
 * Names of what can be asked of io_uring, in the order of its numbers (include/uapi/linux/io_uring.h, enum io_uring_op).
 */
const OPERATIONS =
  `nop readv writev fsync read_fixed write_fixed poll_add poll_remove sync_file_range sendmsg recvmsg timeout
  timeout_remove accept async_cancel link_timeout connect fallocate openat close files_update statx read write fadvise
  madvise send recv openat2 epoll_ctl splice provide_buffers remove_buffers tee shutdown renameat unlinkat mkdirat
  symlinkat linkat msg_ring fsetxattr setxattr fgetxattr getxattr socket uring_cmd send_zc sendmsg_zc read_multishot waitid
  futex_wait futex_wake futex_waitv fixed_fd_install ftruncate bind listen recv_zc epoll_wait readv_fixed writev_fixed pipe`.split(
    /\s+/,
  )

export const ringOperation = (number: number): string => OPERATIONS[number] ?? `operation_${number}`
/** IORING_OP_ACCEPT */
export const RING_ACCEPT = OPERATIONS.indexOf('accept')

/** The tracepoint that shows each operation asked for: the first of these that a kernel has. */
export const RING_SUBMISSIONS = ['io_uring:io_uring_submit_req', 'io_uring:io_uring_submit_sqe'] as const

/**
 * Whether one of the processes waits in io_uring for connections now: asked for once, such a request may go on accepting for
 * as long as the process lives, and no tracepoint tells of it again. The kernel lists what waits in fdinfo of the ring
 * (io_uring/fdinfo.c). That a ring exists says nothing: Node.js has one, and accepts by system calls.
 */
export function acceptsByRing(pids: readonly number[], root = '/proc'): boolean {
  const look = createLook()
  return pids.some((pid) =>
    ringFiles(pid, look, root).some((file) => waitsToAccept(readProcStart(file, FDINFO_BYTES) ?? '')),
  )
}

export const waitsToAccept = (fdinfo: string): boolean =>
  [...fdinfo.matchAll(/^\s+op=(\d+),/gm)].some(([, number]) => Number(number) === RING_ACCEPT)

const RING = 'anon_inode:[io_uring]'
/** a line for each request that waits, some 40 bytes */
const FDINFO_BYTES = 2 ** 20

const ringFiles = (pid: number, look: Look, root: string): string[] =>
  (openFiles(pid, look, undefined, root) ?? []).flatMap(({ fd, link }) =>
    link === RING ? [`${root}/${pid}/fdinfo/${fd}`] : [],
  )

import {
  add,
  all,
  any,
  currentTask,
  type Expr,
  eq,
  field,
  follow,
  load,
  shiftRight,
  struct,
  times,
  u64,
} from './expr.ts'
import { bind, type Statement } from './parts.ts'

/** Socket states, protocol and address families of the kernel (include/net/tcp_states.h, include/linux/socket.h). */
export const LISTEN = 10
export const TCP = 6
const AF_INET = 2
const AF_INET6 = 10
/** type of a file in its mode (include/uapi/linux/stat.h) */
const IFMT_SHIFT = 12
const IFSOCK = 0xc

type Int = Expr<'int'>
type Pointer = Expr<'pointer'>

/** A socket is believed to be TCP only when its family and protocol say so: any file may stand behind a descriptor. */
export const isTcp = (sk: Pointer): Int =>
  all(
    any(eq(field(sk, '__sk_common.skc_family'), AF_INET), eq(field(sk, '__sk_common.skc_family'), AF_INET6)),
    eq(field(sk, 'sk_protocol'), TCP),
  )

/** The file behind a descriptor of the current task: files->fdt->fd[fd]; its mode says whether it is a socket. */
export const fileAt = (fd: Int, rest: (file: Pointer, isSocket: Int) => readonly Statement[]): Statement[] =>
  bind('task', currentTask, (task) =>
    bind('slot', add(u64(field(task, 'files->fdt->fd')), times(u64(fd), 8)), (slot) =>
      bind('file', struct('file', load(slot)), (file) =>
        rest(file, eq(shiftRight(field(file, 'f_inode->i_mode'), IFMT_SHIFT), IFSOCK)),
      ),
    ),
  )

/** The socket that a file is; only of one that is a socket. */
export const socketOfFile = (file: Pointer, rest: (sk: Pointer) => readonly Statement[]): Statement[] =>
  bind('socket', struct('socket', follow(file, 'private_data')), (socket) =>
    bind('sk', struct('sock', follow(socket, 'sk')), (sk) => rest(sk)),
  )

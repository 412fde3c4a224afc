/** prev_state of sched_switch: 0, or 0x100 ("R+"), means that the thread could have gone on. */
export const STILL_RUNNABLE = [0, 256] as const
/** dead and zombie (0x10, 0x20): the thread will never come back */
export const GONE = 0x30

import { X86_64_SYSCALLS } from '../host/syscall-tables.ts'
import { namesLock } from '../locks/lock-class.ts'

/**
 * Whether a frame is of what programs stand on, and says nothing about which of their own functions it is for: libc and its
 * wrappers of system calls, allocators, the standard libraries and schedulers of C++, Rust, Go and Java; what has no name
 * (`[unknown]`, `[libc.so.6]`, `[caller not seen]`). Decided by names, as recordings have them.
 */
export const isLibraryFrame = (name: string): boolean => {
  const bare = name.replace(/_\[j\]$/, '')
  return PREFIXES.test(bare) || NAMES.has(bare) || namesLock(bare)
}

const PREFIXES = new RegExp(
  `^(?:${[
    // no name; what libc and compilers keep for themselves
    '\\[',
    '__',
    '_(?:IO|dl|int|nl|L|Unwind)_',
    'pthread_',
    '(?:std|__gnu_cxx|__cxxabiv1|core|alloc|parking_lot(?:_core)?)::',
    '<(?:std|core|alloc|parking_lot)::',
    'operator (?:new|delete)',
    'je_|tc_|mi_',
    // runtimes
    '(?:runtime|syscall|internal/\\w+|sync)\\.',
    'L?(?:java|jdk|sun)[./]',
    'uv_+',
  ].join('|')})`,
)

const NAMES = new Set([
  ...X86_64_SYSCALLS.flatMap(([, run]) => run.trim().split(/\s+/)),
  ...`malloc calloc realloc free cfree memcpy memmove memset memcmp memchr strlen strcmp strncmp strcpy strdup strchr
  strtol qsort printf fprintf vfprintf snprintf vsnprintf puts fputs fgets fread fwrite fflush fopen fclose getline
  getaddrinfo gethostbyname sleep usleep send recv syscall start_thread clone3 _start raise abort exit`.split(/\s+/),
])

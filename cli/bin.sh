#!/bin/sh
# Starts probe with the Node that was installed beside it (the machine's own may be too old), else with the machine's.
# exec leaves no process in between: signals and the exit code are those of probe itself.
home=$(dirname "$(dirname "$(readlink -f "$0")")")
case $(uname -m) in
  x86_64) kind=x64 loader=/lib64/ld-linux-x86-64.so.2 ;;
  aarch64) kind=arm64 loader=/lib/ld-linux-aarch64.so.1 ;;
  *) kind=none loader=/ ;;
esac
# Whether something is there and belongs to root or to the owner of the project.
ours() {
  [ -e "$1" ] || return 1
  case $(stat -L -c %u "$1") in 0 | "$(stat -L -c %u "$home")") ;; *) return 1 ;; esac
}
# A project may stand in a folder where others put things (/tmp): only npm's own folder beside it counts.
beside=$(dirname "$home")
[ "$(basename "$beside")" = node_modules ] && ours "$beside" || beside=
node=node
# The bundled Node needs glibc; without its loader (musl) exec would fail with a puzzling "not found".
if [ -e "$loader" ]; then
  for packages in "$home/node_modules" ${beside:+"$beside"}; do
    bundled=$packages/node-linux-$kind/bin/node
    if [ -x "$bundled" ] && ours "$bundled"; then
      node=$bundled
      break
    fi
  done
fi
if [ ! -e "$home/dist/cli/bin.js" ]; then
  printf 'error: probe is not built yet\n  fix: cd %s && npm ci && npm run build   (exit 3)\n' "$home" >&2
  exit 3
fi
if [ "$node" = node ] && ! command -v node >/dev/null; then
  printf 'error: no Node.js on this host\n  fix: install Node.js 22.15 or later   (exit 3)\n' >&2
  exit 3
fi
# A user without an entry in /etc/passwd (containers, DynamicUser) may have neither; Node's packages ask for both.
[ -n "${SHELL-}" ] || export SHELL=/bin/sh
[ -n "${HOME-}" ] || id -un >/dev/null 2>&1 || export HOME=/
# What a run needs is said here: without descriptors Node itself cannot say much.
needed=256
enough() { [ "$(ulimit -n)" = unlimited ] || [ "$(ulimit -n)" -ge $needed ]; }
case ${1-} in
  attach | audit)
    if ! enough && ! { ulimit -S -n $needed 2>/dev/null && enough; }; then
      printf 'error: at most %s files may be open here, and a run needs %s\n  fix: ulimit -n 1024   (exit 3)\n' "$(ulimit -n)" $needed >&2
      exit 3
    fi
    ;;
esac
# A recorder shares the host with what it watches: garbage is collected early (the defaults let it grow past 250 MB), and
# malloc keeps few pools. Other commands end soon and may take what makes them quick: a sixth of the time they need. A
# replay is looked at for long: what reading left behind is collected when it is over (watch.ts).
case ${1-} in
  attach | audit) set -- --max-semi-space-size=2 --heap-growing-percent=20 "$home/dist/cli/bin.js" "$@" ;;
  replay) set -- --expose-gc --max-semi-space-size=8 "$home/dist/cli/bin.js" "$@" ;;
  *) set -- --max-semi-space-size=32 "$home/dist/cli/bin.js" "$@" ;;
esac
MALLOC_ARENA_MAX=2 NODE_ENV=production exec "$node" "$@"

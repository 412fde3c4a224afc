#!/bin/sh
# Starts probe with the Node that was installed beside it (the machine's own may be too old), else with the machine's.
# exec leaves no process in between: signals and the exit code are those of probe itself.
home=$(dirname "$(dirname "$(readlink -f "$0")")")
case $(uname -m) in
  x86_64) kind=x64 loader=/lib64/ld-linux-x86-64.so.2 ;;
  aarch64) kind=arm64 loader=/lib/ld-linux-aarch64.so.1 ;;
  *) kind=none loader=/ ;;
esac
node=node
# The bundled Node needs glibc; without its loader (musl) exec would fail with a puzzling "not found".
if [ -e "$loader" ]; then
  for beside in "$home/node_modules" "$home/.."; do
    if [ -x "$beside/node-linux-$kind/bin/node" ]; then
      node=$beside/node-linux-$kind/bin/node
      break
    fi
  done
fi
if [ ! -e "$home/dist/cli/bin.js" ]; then
  printf 'error: probe is not built yet\n  fix: cd %s && npm ci && npm run build   (exit 3)\n' "$home" >&2
  exit 3
fi
if [ "$node" = node ] && ! command -v node >/dev/null; then
  printf 'error: no Node.js on this host\n  fix: install Node.js 22 or later   (exit 3)\n' >&2
  exit 3
fi
# A recorder shares the host with what it watches: garbage is collected early (the defaults let it grow past 250 MB), and
# malloc keeps few pools. Other commands end soon and may take what makes them quick: a sixth of the time they need. A
# replay is looked at for long: what reading left behind is collected when it is over (watch.ts).
case ${1-} in
  attach | audit) set -- --max-semi-space-size=2 --heap-growing-percent=20 "$home/dist/cli/bin.js" "$@" ;;
  replay) set -- --expose-gc --max-semi-space-size=8 "$home/dist/cli/bin.js" "$@" ;;
  *) set -- --max-semi-space-size=32 "$home/dist/cli/bin.js" "$@" ;;
esac
MALLOC_ARENA_MAX=2 NODE_ENV=production exec "$node" "$@"

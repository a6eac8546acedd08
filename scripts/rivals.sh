#!/usr/bin/env bash
# Times hardnet against the other engines: scripts/rivals.sh [MODEL [HxW]] [OPTIONS]; --help lists them, with examples.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -x /usr/bin/python3 ] || scripts/setup.sh
exec /usr/bin/python3 bench/rivals/rivals.py "$@"

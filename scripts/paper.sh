#!/usr/bin/env bash
# Measures what the HarDNet paper claims and writes docs/paper.md with its pictures: scripts/paper.sh [OPTIONS]; --help lists
# them, with examples.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -x /usr/bin/python3 ] || scripts/setup.sh
exec /usr/bin/python3 bench/paper/paper.py "$@"

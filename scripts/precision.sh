#!/usr/bin/env bash
# What int16 and int8 cost on seeded and on trained networks: scripts/precision.sh [NAME:HxW...] [--precision int8] [--trained];
# --help has examples.
# All networks take an hour or more. Wants the program, built into build/.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh python3-numpy python3-pil
exec /usr/bin/python3 bench/precision/precision.py "$@"

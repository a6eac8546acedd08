#!/usr/bin/env bash
# Formats the C and C++ files that git knows; with --check only names those that it would change and exits 1 if there are
# any. Needs Debian 12's clang-format-14: other versions break lines elsewhere.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! command -v clang-format-14 >/dev/null; then
  echo "format: clang-format-14: expected Debian's package, found none; install it with" >&2
  echo "  apt-get install -y --no-install-recommends clang-format-14" >&2
  exit 5
fi
mapfile -t files < <(git ls-files '*.c' '*.cpp' '*.h')
if [ "${1:-}" != --check ]; then
  exec clang-format-14 -i "${files[@]}"
fi
changed=0
for file in "${files[@]}"; do
  clang-format-14 "$file" | cmp -s - "$file" || { echo "$file"; changed=1; }
done
exit $changed

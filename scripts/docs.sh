#!/usr/bin/env bash
# Builds the site of docs/ into a folder: the pages, the C API from its headers, the Python API from its docstrings. MkDocs comes
# from PyPI into build/docs-venv. A dead link or a page without a place is an error. Exit code 1: not as asked, 2: usage,
# 5: something is missing.
#
#     scripts/docs.sh [FOLDER]     default: build/site; open its index.html
set -euo pipefail
cd "$(dirname "$0")/.."
if [ $# -gt 1 ]; then
  echo "docs: expected at most FOLDER, found $# arguments" >&2
  exit 2
fi
venv=build/docs-venv
tools=(mkdocs==1.6.1 mkdocstrings==1.0.8 mkdocstrings-python==2.0.11)
if [ "$(cat "$venv/tools" 2>/dev/null)" != "${tools[*]}" ]; then
  echo "docs: installing ${tools[*]} into $venv"
  mkdir -p build
  python3 -m venv --clear "$venv" && "$venv/bin/pip" install --quiet --disable-pip-version-check "${tools[@]}" || {
    echo "docs: $venv: expected pip to install ${tools[*]} from PyPI, found that it failed" >&2
    exit 5
  }
  echo "${tools[*]}" >"$venv/tools"
fi
# --quiet would leave its warnings uncounted
"$venv/bin/mkdocs" build --strict --site-dir "$(realpath -m "${1:-build/site}")" 2>&1 | { grep -v '^INFO' || true; }

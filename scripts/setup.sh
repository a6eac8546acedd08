#!/usr/bin/env bash
# Installs what a build needs and this machine lacks: Debian packages, those of its arguments too, and Halide's wheel in
# .venv. Says nothing and takes well under a second when nothing is missing. Exit code 5: something is missing that it may
# not install.
set -euo pipefail
cd "$(dirname "$0")/.."

halide=21.0.0
packages=(
  g++ cmake ninja-build python3-venv ca-certificates                    # toolchain
  libcli11-dev nlohmann-json3-dev libfmt-dev libjpeg-dev libpng-dev libwebp-dev libxxhash-dev libsqlite3-dev  # the program
  libgtest-dev libgmock-dev                                             # tests
  "$@"
)

# Prints the packages that are not installed.
missing_packages() {
  # dpkg-query fails where it does not know a package at all; its list of the others is what counts
  local installed
  installed=$(dpkg-query -W -f='${db:Status-Abbrev} ${Package}\n' "${packages[@]}" 2>/dev/null | sed -n 's/^ii *//p' || true)
  printf '%s\n' "${packages[@]}" | grep -vxF "${installed:-none}" || true
}

install_packages() {
  local as_root=()
  if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "setup: missing Debian packages: expected root or sudo, found neither; have an administrator run" >&2
      echo "  apt-get install -y --no-install-recommends $*" >&2
      exit 5
    fi
    as_root=(sudo)
  fi
  echo "setup: installing $*"
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

if command -v dpkg-query >/dev/null; then
  mapfile -t missing < <(missing_packages)
  if [ ${#missing[@]} -gt 0 ]; then
    install_packages "${missing[@]}" || {
      echo "setup: Debian packages: expected apt-get to install ${missing[*]}, found that it failed" >&2
      exit 5
    }
  fi
else
  echo "setup: not a Debian system: expecting the equivalents of ${packages[*]}" >&2
fi

# pip writes RECORD last: where it exists, the wheel is whole.
if ! compgen -G ".venv/lib/python3*/site-packages/halide-$halide.dist-info/RECORD" >/dev/null; then
  echo "setup: installing Halide $halide into .venv"
  python=/usr/bin/python3
  [ -x "$python" ] || python=python3
  "$python" -m venv --clear .venv &&
    .venv/bin/pip install --quiet --disable-pip-version-check --no-deps "halide==$halide" || {
    echo "setup: .venv: expected pip to install halide==$halide from PyPI, found that it failed" >&2
    exit 5
  }
fi

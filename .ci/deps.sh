#!/bin/bash
# Installs what `fleet` needs and this machine lacks, says what that is, and is silent when there is nothing.
# The engine finds OpenVINO as `.deps/openvino/libs/libopenvino_c.so*`; FLEET_OPENVINO_LIBS names another folder instead.
# The tests and benchmarks run clients that nobody here wrote: `.deps/python/bin/python` has those of .ci/python.txt, and
# `.deps/prometheus/usr/bin/prometheus` is Debian's, unpacked only: installed, it would start to serve on this machine.
# `.ci/deps.sh peers` also brings what `make bench PEERS=1` compares us with: `.deps/peers/bin/python` has .ci/peers.txt.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

swift=${SWIFT:-swift}
swift_needed=6.2
openvino=2026.4.1 # .ci/peers.txt names it too: engines of one version are compared.
openvino_folder=.deps/openvino
python_folder=.deps/python
peers_folder=.deps/peers
prometheus_folder=.deps/prometheus

fail() {
  echo "make deps: $*" >&2
  exit 1
}

# Swift itself comes from its makers: Debian has no package of it that is new enough.
check_swift() {
  command -v "$swift" >/dev/null \
    || fail "Swift is missing: install $swift_needed or later from https://www.swift.org/install and put it in your PATH"
  local said found
  said=$("$swift" --version 2>&1) || fail "'$swift --version' fails: ${said%%$'\n'*}"
  [[ $said =~ Swift\ version\ ([0-9]+\.[0-9]+) ]] || fail "'$swift --version' does not name a version: ${said%%$'\n'*}"
  found=${BASH_REMATCH[1]}
  ((${found%.*} > ${swift_needed%.*} || (${found%.*} == ${swift_needed%.*} && ${found#*.} >= ${swift_needed#*.}))) \
    || fail "Swift $found is too old: install $swift_needed or later from https://www.swift.org/install"
}

has() { command -v "$1" >/dev/null; }

has_openvino() {
  if [[ -n ${FLEET_OPENVINO_LIBS:-} ]]; then
    compgen -G "$FLEET_OPENVINO_LIBS/libopenvino_c.so*" >/dev/null \
      || fail "FLEET_OPENVINO_LIBS is '$FLEET_OPENVINO_LIBS', which holds no libopenvino_c.so"
    return
  fi
  [[ -f $openvino_folder/VERSION && $(<"$openvino_folder/VERSION") == "$openvino $(uname -m)" ]] \
    && compgen -G "$openvino_folder/libs/libopenvino_c.so*" >/dev/null
}

# has_environment FOLDER LIST
has_environment() {
  [[ -f $1/VERSION && -x $1/bin/python ]] && cmp --silent "$2" "$1/VERSION" && "$1/bin/python" -c '' 2>/dev/null
}

has_python() { has_environment "$python_folder" .ci/python.txt; }

has_peers() { has_environment "$peers_folder" .ci/peers.txt; }

has_prometheus() { [[ -x $prometheus_folder/usr/bin/prometheus ]] || has prometheus; }

# Sets `as_root` to what a command of apt-get is given to.
become_root() {
  has apt-get || fail "these are missing, and there is no apt-get to install them with: $*"
  as_root=(env DEBIAN_FRONTEND=noninteractive)
  ((EUID == 0)) && return
  has sudo || fail "these are missing: run 'apt-get install $*' as root"
  as_root=(sudo "${as_root[@]}")
}

install_packages() {
  (($# > 0)) || return 0
  local said as_root
  become_root "$@"
  echo "Installing $* (Debian)"
  said=$({ "${as_root[@]}" apt-get -qq update && "${as_root[@]}" apt-get -qq install --yes --no-install-recommends "$@"; } 2>&1) \
    || fail "apt-get could not install $*:"$'\n'"$said"
}

# The libraries lie in the official Python wheel. The wheel for Python 3.11 serves everybody: the libraries know no Python.
install_openvino() {
  local platform sha256
  case $(uname -m) in
    x86_64)
      platform=manylinux_2_28_x86_64
      sha256=2d22b1da03f7caf74df30e9f6417d0ab2f637e4a38e08e1dcd294d2c37407aaf
      ;;
    aarch64)
      platform=manylinux_2_35_aarch64
      sha256=bea1eb3733c34ef331adc945da0ccda5937865031139073663be84c517ffda22
      ;;
    *) fail "OpenVINO has no build for '$(uname -m)': set FLEET_OPENVINO_LIBS to the folder of your own" ;;
  esac
  echo "Fetching OpenVINO $openvino for $platform (PyPI) into $openvino_folder"
  python3 -m pip --disable-pip-version-check --quiet download "openvino==$openvino" --no-deps --only-binary :all: \
    --platform "$platform" --python-version 3.11 --implementation cp --dest "$work" \
    || fail "OpenVINO could not be fetched from PyPI (see above)"
  local wheels=("$work"/*.whl)
  sha256sum --check --status <<<"$sha256  ${wheels[0]}" \
    || fail "the fetched '${wheels[0]##*/}' is not the file we know: expected SHA-256 $sha256"
  unzip -q "${wheels[0]}" 'openvino/libs/*' '*/licenses/*' -d "$work/wheel"
  mkdir "$work/openvino"
  mv "$work/wheel/openvino/libs" "$work/wheel"/*/licenses "$work/openvino"
  echo "$openvino $(uname -m)" >"$work/openvino/VERSION"
  put openvino "$openvino_folder"
}

# Complete or absent: whoever looks while we work never sees half of it. Another `make deps` may have been faster.
put() {
  "has_$1" && return
  rm -rf "$2"
  mv -T "$work/$1" "$2" || "has_$1"
}

# install_environment PART FOLDER LIST
# Only `bin/python` is used: what else a virtual environment has in its `bin` does not survive the move.
install_environment() {
  echo "Installing $(grep --count . "$3") Python packages (PyPI) into $2: $(paste -sd ' ' "$3")"
  python3 -m venv "$work/$1"
  "$work/$1/bin/python" -m pip --disable-pip-version-check --quiet install --only-binary :all: -r "$3" \
    || fail "the Python packages of $3 could not be fetched from PyPI (see above)"
  cp "$3" "$work/$1/VERSION"
  put "$1" "$2"
}

install_python() { install_environment python "$python_folder" .ci/python.txt; }

# MLServer wants a Python before 3.13; pip says so.
install_peers() { install_environment peers "$peers_folder" .ci/peers.txt; }

install_prometheus() {
  echo "Fetching prometheus (Debian) into $prometheus_folder"
  mkdir "$work/package"
  if ! fetch_prometheus 2>/dev/null; then
    local said as_root
    become_root prometheus
    said=$("${as_root[@]}" apt-get -qq update 2>&1) || fail "apt-get update:"$'\n'"$said"
    said=$(fetch_prometheus 2>&1) || fail "apt-get could not fetch prometheus:"$'\n'"$said"
  fi
  dpkg-deb --extract "$work"/package/*.deb "$work/prometheus"
  put prometheus "$prometheus_folder"
}

# Its sandboxed fetcher cannot write into a folder of ours, and says so with every package.
fetch_prometheus() { (cd "$work/package" && apt-get -qq -o APT::Sandbox::User=root download prometheus); }

(($# == 0)) || [[ $* == peers ]] || fail "expected 'peers' or nothing, found '$*'"
check_swift
absent=()
for part in openvino python prometheus "$@"; do
  "has_$part" || absent+=("$part")
done
lacks() { [[ " ${absent[*]} " == *" $1 "* ]]; }

missing=()
[[ -e /usr/include/ncursesw/curses.h ]] || missing+=(libncurses-dev)
[[ -e /usr/include/zlib.h ]] || missing+=(zlib1g-dev)
[[ -e /usr/include/zstd.h ]] || missing+=(libzstd-dev)
[[ -e /usr/include/sqlite3.h ]] || missing+=(libsqlite3-dev)
for tool in tmux curl openssl; do
  has "$tool" || missing+=("$tool")
done
if lacks openvino; then
  has unzip || missing+=(unzip)
  { has python3 && python3 -m pip --version >/dev/null 2>&1; } || missing+=(python3-pip)
fi
if lacks python || lacks peers; then
  { has python3 && python3 -c 'import ensurepip, venv' 2>/dev/null; } || missing+=(python3-venv)
fi
if ((${#absent[@]} > 0)); then
  has python3 || missing+=(python3)
fi

install_packages "${missing[@]}"
((${#absent[@]} > 0)) || exit 0
mkdir -p .deps
work=$(mktemp -d .deps/fetch.XXXXXX)
trap 'rm -rf "$work"' EXIT
for part in "${absent[@]}"; do
  "install_$part"
done

#!/bin/sh
# Brings a machine to the point where everything else runs: ffmpeg, the packages of the lock file, Node 24 among them,
# and the page.
# Run it as often as you like: what is there already is left alone.   usage: scripts/setup.sh [--quiet]
set -u
cd "$(dirname -- "$0")/.." || exit 1

quiet=
[ "${1:-}" = --quiet ] && quiet=yes

say() { echo "setup: $*"; }
note() { [ -n "$quiet" ] || say "$*"; }
fail() {
  echo "setup: $*" >&2
  exit 1
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Runs a command silently; its output is shown only if it fails.
silently() { "$@" >"$log" 2>&1 || { tail -n 20 "$log" >&2 && return 1; }; }

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif [ -t 0 ]; then
    sudo "$@"
  else
    sudo -n "$@" # without a terminal it would wait for a password for ever
  fi
}

apt() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq "$@"; }

install_ffmpeg() {
  by_hand="install it by hand (Debian: 'apt-get install ffmpeg') or set FFMPEG_PATH, then run this again"
  command -v apt-get >/dev/null || fail "ffmpeg is missing and there is no apt-get: $by_hand."
  if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
    fail "ffmpeg is missing, and without root or sudo it cannot be installed: $by_hand."
  fi
  say 'installing ffmpeg with apt-get'
  apt install -y --no-install-recommends ffmpeg >/dev/null 2>&1 && return
  # The package lists are absent in a fresh image and outdated on an old machine.
  if ! { silently apt update && silently apt install -y --no-install-recommends ffmpeg; }; then
    fail "apt-get could not install ffmpeg (see above): $by_hand."
  fi
}

# A statically linked ffmpeg starts in a third of the time: the distribution's loads some two hundred libraries for every
# recording. It comes from the Python package index; where that cannot be had, the system's ffmpeg does. pip takes no
# wheel but these: x86-64 and arm64 of Linux, then of macOS. Another version needs its own hashes ('pip hash FILE').
STATIC_FFMPEG='imageio-ffmpeg==0.8.1
  --hash=sha256:050d6850601c3b3890bd2b28306f3b842b3daea390a561101174375a1c460bda
  --hash=sha256:fad3176f859b25869e60a8ed79957d4e3ed74a97a95e5f0cdcb91455f6c6d00e
  --hash=sha256:9538a10e598257263b5de1a1c1b86e7603417bc219245b1e279b452e5e48cc20
  --hash=sha256:5636d691e36e5274b13fe38182b1f627b2e35dcecc63944012c2470f9484fc45'
static_ffmpeg=node_modules/.ffmpeg/ffmpeg
# Which pin it came from, so that another one replaces it.
static_ffmpeg_stamp=node_modules/.ffmpeg/pin

has_static_ffmpeg() { [ -x "$static_ffmpeg" ] && [ "$(cat "$static_ffmpeg_stamp" 2>/dev/null)" = "$STATIC_FFMPEG" ]; }

install_static_ffmpeg() {
  # One of another pin is outdated, or of unknown origin: rather than that, the ffmpeg of the system is used.
  rm -f "$static_ffmpeg" "$static_ffmpeg_stamp"
  python3 -m pip --version >/dev/null 2>&1 || return
  say 'fetching an ffmpeg that starts faster, from the Python package index'
  folder=$(mktemp -d)
  echo "$STATIC_FFMPEG" | tr '\n' ' ' >"$folder/requirements.txt"
  if silently python3 -m pip download --quiet --no-deps --only-binary=:all: --require-hashes --dest "$folder" \
    --requirement "$folder/requirements.txt" &&
    python3 -m zipfile -e "$folder"/*.whl "$folder" &&
    chmod +x "$folder"/imageio_ffmpeg/binaries/ffmpeg-* &&
    "$folder"/imageio_ffmpeg/binaries/ffmpeg-* -version >/dev/null 2>&1; then
    mkdir -p "$(dirname "$static_ffmpeg")"
    mv "$folder"/imageio_ffmpeg/binaries/ffmpeg-* "$static_ffmpeg"
    echo "$STATIC_FFMPEG" >"$static_ffmpeg_stamp"
  else
    say 'it could not be had, so ffmpeg of this system is used'
  fi
  rm -rf "$folder"
}

packages_stamp() { echo "$(sha256sum <package-lock.json | cut -d' ' -f1) $(uname -sm)"; }

install_packages() {
  command -v npm >/dev/null || fail "npm is missing: install it (Debian: 'apt-get install npm'), then run this again."
  say "installing the packages of package-lock.json with npm $(npm --version)"
  # onnxruntime-node's own install script would fetch the CUDA libraries; .npmrc keeps it from running at all.
  silently env ONNXRUNTIME_NODE_INSTALL=skip npm ci --ignore-scripts --loglevel=error ||
    fail "npm could not install the packages (see above): check the network or npm's registry, then run this again."
  scripts/node -e "require('onnxruntime-node')" ||
    fail 'the packages are installed, but ONNX Runtime does not load on this machine (see above).'
  packages_stamp >node_modules/.setup
}

# What the page is made of. Only its sources decide, and only where Vite is, which an installation without the packages
# for development has not.
page_stamp() {
  find src/web src/transcript -type f ! -name '*.test.ts' | LC_ALL=C sort | xargs sha256sum | cat - package-lock.json |
    sha256sum | cut -d' ' -f1
}

build_page() {
  say 'building the page'
  silently scripts/node node_modules/vite/bin/vite.js build --config src/web/vite.config.ts --logLevel warn ||
    fail 'the page could not be built (see above).'
  page_stamp >dist/web/.stamp
}

if "${FFMPEG_PATH:-ffmpeg}" -version >/dev/null 2>&1; then note 'ffmpeg is there'; else install_ffmpeg; fi

if [ "$(cat node_modules/.setup 2>/dev/null)" = "$(packages_stamp)" ] && scripts/node -e 0 2>/dev/null; then
  note 'the packages are there'
else
  install_packages
fi
if has_static_ffmpeg; then note 'the faster ffmpeg is there'; else install_static_ffmpeg; fi
if [ "$(cat dist/web/.stamp 2>/dev/null)" = "$(page_stamp)" ]; then
  note 'the page is there'
elif [ -d node_modules/vite ]; then
  build_page
fi
note "ready, with Node $(scripts/node -p process.versions.node)"

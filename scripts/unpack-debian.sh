#!/bin/sh
# Unpacks Debian packages below a folder instead of installing them: needs no root and changes nothing on the machine. What
# is there already is left alone.   usage: scripts/unpack-debian.sh FOLDER PACKAGE [PACKAGE …]: into FOLDER/PACKAGE
set -u
mkdir -p "$1" && cd "$1" || exit 1
shift
[ -e "$1" ] && exit
command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || {
  echo "there is no apt-get here, which brings $1" >&2
  exit 1
}
partial=$1.partial
mkdir -p "$partial/.deb" && cd "$partial/.deb" || exit 1
# As root, apt would complain that its own user may not write here.
if ! said=$(apt-get -qq -o APT::Sandbox::User=root download "$@" 2>&1); then
  echo "$said" | tail -n 3 >&2
  exit 1
fi
for package in *.deb; do dpkg-deb -x "$package" .. || exit 1; done
cd ../.. && rm -rf "$partial/.deb" && mv "$partial" "$1"

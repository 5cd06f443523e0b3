#!/bin/sh
# Installs Debian's Chromium, with which the tests of the page are run, where it is missing and this user may.
# Never fails: without a browser those tests skip, and say so.
set -u

for program in "${CHROMIUM_PATH:-}" chromium chromium-browser google-chrome; do
  [ -n "$program" ] && command -v "$program" >/dev/null && exit 0
done
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "No browser is installed (Debian: 'apt-get install chromium'); the tests of the page will skip."
  exit 0
fi
echo 'installing Chromium with apt-get, for the tests of the page'
install() { DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends chromium >/dev/null 2>&1; }
install || { apt-get -qq update >/dev/null 2>&1 && install; } ||
  echo 'apt-get could not install Chromium; the tests of the page will skip for want of a browser.'

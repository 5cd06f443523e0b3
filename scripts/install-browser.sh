#!/bin/sh
# Installs Debian's Chromium, with which the tests of the page are run and whose software Vulkan plays a GPU, and Vulkan's
# loader, where they are missing and this user may. Never fails: without them those tests skip, and say so.
set -u

has_browser() {
  for program in "${CHROMIUM_PATH:-}" chromium chromium-browser google-chrome; do
    [ -n "$program" ] && command -v "$program" >/dev/null && return
  done
  return 1
}
has_vulkan() {
  for library in /usr/lib/*/libvulkan.so.1 /usr/lib64/libvulkan.so.1 /usr/lib/libvulkan.so.1; do
    [ -e "$library" ] && return
  done
  return 1
}

packages=
has_browser || packages=chromium
has_vulkan || packages="$packages libvulkan1"
[ -n "$packages" ] || exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "Not installed (Debian: 'apt-get install$(printf ' %s' $packages)'); the tests of the page or of GPUs will skip."
  exit 0
fi
echo "installing with apt-get, for the tests of the page and of GPUs: $(echo $packages)"
install() { DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $packages >/dev/null 2>&1; }
install || { apt-get -qq update >/dev/null 2>&1 && install; } ||
  echo 'apt-get could not install them; the tests of the page or of GPUs will skip.'

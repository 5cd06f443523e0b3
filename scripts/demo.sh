#!/bin/sh
# Starts the service, sends it recordings with the README's curl line, prints the answers, stops the service. The recordings
# stay in the project's folder as clip.wav and clip-pt.ogg, for the lines of the README.
# Ends with 0 only if every answer had status 200.   usage: [FILE=any.ogg] [MODEL=base] [PORT=8000] scripts/demo.sh
set -u
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
model=${MODEL:-base}
port=${PORT:-8000}
cache=${PARADOX_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/paradox-asr}/demo

fail() {
  echo "demo: $*" >&2
  exit 1
}

# What the service and the commands here write, its log among them.
work=$(mktemp -d)
service=
finish() {
  if [ -n "$service" ]; then
    kill -TERM "$service" 2>/dev/null
    wait "$service"
  fi
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# ── recordings ──────────────────────────────────────────────────────────────────────────────────────────────────────

# Puts a link to a recording into the project's folder, unless a file of yours has the name.   usage: keep FILE NAME
keep() {
  if [ -e "$root/$2" ] && [ ! -h "$root/$2" ]; then
    echo "demo: $2 here is a file of yours, so it is left alone."
  else
    ln -sfn "$1" "$root/$2"
  fi
  ln -s "$1" "$work/$2"
}

english_recording() {
  "$root/scripts/unpack-debian.sh" "$cache" pocketsphinx-testdata ||
    fail 'the recording could not be fetched from Debian: give one of your own, as in make demo FILE=any.ogg'
  clips=$cache/pocketsphinx-testdata/usr/share/pocketsphinx/test/data/librivox
  keep "$clips/sense_and_sensibility_01_austen_64kb-0870.wav" clip.wav
}

portuguese_recording() {
  shared=$root/../shared/speech/audio/cuttledoc-fleurs-pt-002.ogg
  if [ -r "$shared" ]; then
    keep "$shared" clip-pt.ogg
    portuguese='a real recording (FLEURS, CC-BY-4.0)'
    return
  fi
  # No package of Debian, PyPI or npm is known to carry a free recording of whole Portuguese sentences.
  "$root/scripts/unpack-debian.sh" "$cache" espeak-ng libespeak-ng1 espeak-ng-data libpcaudio0 libsonic0 || return 1
  usr=$cache/espeak-ng/usr
  lib=$(dirname -- "$(ls "$usr"/lib/*/libespeak-ng.so.1)")
  LD_LIBRARY_PATH=$lib ESPEAK_DATA_PATH=$lib/espeak-ng-data "$usr/bin/espeak-ng" -v pt-br -s 120 \
    -w "$work/speech.wav" 'A cidade de São Paulo fica no estado de São Paulo, no Brasil.' || return 1
  "${FFMPEG_PATH:-ffmpeg}" -nostdin -v error -y -i "$work/speech.wav" "$cache/clip-pt.ogg" || return 1
  keep "$cache/clip-pt.ogg" clip-pt.ogg
  portuguese='synthetic speech by espeak-ng, not a real voice'
}

if [ -n "${FILE:-}" ]; then
  [ -r "$FILE" ] || fail "the file '$FILE' cannot be read."
else
  mkdir -p "$cache" && cache=$(CDPATH='' cd -- "$cache" && pwd) || fail "the folder '$cache' cannot be made."
  english_recording
  portuguese_recording || echo 'demo: no Portuguese recording can be had here; going on without it.' >&2
fi

# ── service ─────────────────────────────────────────────────────────────────────────────────────────────────────────

free_port() {
  "$root/scripts/node" -e '
    const { createServer } = require("node:net")
    const offer = (port) => {
      const server = createServer().on("error", () => offer(0))
      server.listen(port, "0.0.0.0", () => { console.log(server.address().port); server.close() })
    }
    offer(Number(process.argv[1]))' "$1"
}

wanted=$port
port=$(free_port "$wanted")
[ "$port" = "$wanted" ] || echo "demo: port $wanted is taken, so the service takes $port."

"$root/bin/paradox" serve --host 127.0.0.1 --port "$port" >"$work/service.log" 2>&1 &
service=$!
tries=0
until curl -fsS -o "$work/health" "http://localhost:$port/health" 2>/dev/null; do
  tries=$((tries + 1))
  if ! kill -0 "$service" 2>/dev/null || [ "$tries" -gt 120 ]; then
    tail -n 20 "$work/service.log" >&2
    fail 'the service did not start; its log is above.'
  fi
  sleep 0.5
done
echo "demo: the service is up: $(cat "$work/health")"

# ── requests ────────────────────────────────────────────────────────────────────────────────────────────────────────

# Prints the command, runs it, prints the answer.   usage: transcribe FILE
transcribe() {
  case $1 in
    *[,\;]*) part="file=@\"$1\"" ;; # curl would take what follows for options
    *) part="file=@$1" ;;
  esac
  echo
  echo "\$ curl -F $part -F model_id=$model http://localhost:$port/transcribe"
  : >"$work/answer"
  status=$(curl -sS -o "$work/answer" -w '%{http_code}' -F "$part" -F "model_id=$model" \
    "http://localhost:$port/transcribe")
  cat "$work/answer" && echo
  [ "$status" = 200 ] && return
  tail -n 20 "$work/service.log" >&2
  fail "the answer has status $status instead of 200; the service's log is above."
}

echo "demo: the first request fetches and compiles the model, where that was never done; later ones are quick."
if [ -n "${FILE:-}" ]; then
  transcribe "$FILE"
else
  cd "$work" || exit 1 # not in the project's folder, where a file of yours may have the name
  echo 'demo: English, a real recording (LibriVox, public domain)'
  transcribe clip.wav
  if [ -e clip-pt.ogg ]; then
    echo
    echo "demo: Portuguese, $portuguese"
    transcribe clip-pt.ogg
  fi
  echo
  echo "demo: the recordings stay in this folder for the README's lines; make serve starts the service again."
fi

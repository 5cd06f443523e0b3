#!/bin/sh
# Brings what the tests need beside the project: real weights, recordings, and the Python programs that judge the API. What
# is there already is left alone. Never fails: without them the tests that need them skip, and say so.
set -u
cd "$(dirname -- "$0")/.." || exit 1

scripts/node scripts/fetch-test-models.ts ||
  echo 'The test weights could not be fetched; the tests that need them will skip.'
scripts/node scripts/fetch-test-speech.ts ||
  echo 'The recordings could not be fetched; the tests that need them will skip.'
scripts/node scripts/install-python-judges.ts ||
  echo 'The Python judges could not be installed; the tests that need them will skip.'

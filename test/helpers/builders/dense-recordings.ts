/** Recordings of which few bytes hold hours: sound that does not change, as FLAC. */

import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'

/** Writes `seconds` of a constant, 16 kHz mono; 0 is silence. Some 6 bytes a second. */
export function writeConstant(path: string, seconds: number, value = 0.1): void {
  const source = `aevalsrc=${value}:s=16000:d=${seconds}`
  const flac = ['-c:a', 'flac', '-frame_size', '65535']
  execFileSync('ffmpeg', ['-y', '-v', 'error', '-f', 'lavfi', '-i', source, ...flac, path])
}

/** Has the header of a FLAC file of 16 kHz claim another length, or none. */
export function claimLength(path: string, seconds: number | undefined): void {
  const bytes = readFileSync(path)
  // The stream's number of samples, 36 bits, behind the marker, the block's header and 13 bytes and a half; 0: not known.
  const at = 8 + 13
  bytes[at]! &= 0xf0
  bytes.writeUInt32BE((seconds ?? 0) * 16_000, at + 1)
  writeFileSync(path, bytes)
}

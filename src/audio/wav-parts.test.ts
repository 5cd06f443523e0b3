/** WAV files whose header does not know how much sound they hold, and WAV files that were stuck together. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { after, test } from 'node:test'
import { TempFolder, tone } from '../../test/helpers/data/audio-files.ts'
import { assertRefused, assertSeconds, decodeWhole } from '../../test/helpers/judges/decode-whole.ts'
import { wavParts } from './wav-parts.ts'

const folder = new TempFolder()
after(() => folder[Symbol.dispose]())

/** A WAV file without chunks but `fmt ` and `data`. */
function wav(seconds: number, ...args: string[]): Buffer {
  const bare = ['-map_metadata', '-1', '-fflags', '+bitexact', '-f', 'wav', '-']
  const bytes = execFileSync('ffmpeg', ['-nostdin', '-v', 'error', ...tone(seconds), ...args, ...bare])
  return promising(bytes.length - bytes.indexOf('data') - 8, bytes) // into a pipe ffmpeg writes no length
}

const SIXTEEN = wav(3)
const STEREO = wav(2, '-ar', '44100', '-ac', '2')
const TELEPHONE = wav(2, '-ar', '8000', '-c:a', 'pcm_mulaw')

/** A copy whose header tells another number of bytes of sound. */
function promising(nBytes: number, bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes)
  copy.writeUInt32LE(nBytes, copy.indexOf('data') + 4)
  return copy
}

function chunk(id: string, nBytes: number): Buffer {
  const bytes = Buffer.alloc(8 + nBytes, 'x')
  bytes.write(id, 'latin1')
  bytes.writeUInt32LE(nBytes, 4)
  return bytes
}

async function decoded(bytes: Buffer): Promise<{ samples: Float32Array; warnings: string[] }> {
  const path = folder.file('any.wav')
  writeFileSync(path, bytes)
  const warnings: string[] = []
  return { samples: await decodeWhole(path, { onWarning: (warning) => warnings.push(warning) }), warnings }
}

const WHOLE: Readonly<Record<string, readonly [bytes: Buffer, seconds: number]>> = {
  'a size that was written for the first piece': [promising(4000, SIXTEEN), 3],
  'such a size, of another rate': [promising(4000, STEREO), 2],
  'such a size, of another codec': [promising(1000, TELEPHONE), 2],
  'a size of 0': [promising(0, SIXTEEN), 3],
  'a size of ffffffff': [promising(0xffff_ffff, SIXTEEN), 3],
  'the largest signed size': [promising(0x7fff_ffff, SIXTEEN), 3],
  'a size that counts the header too': [promising(SIXTEEN.length, SIXTEEN), 3],
  'a chunk of a name that nobody knows': [Buffer.concat([SIXTEEN, chunk('AFAn', 9000)]), 3],
  'a list that is cut off': [Buffer.concat([SIXTEEN, chunk('LIST', 9000).subarray(0, 5000)]), 3],
  'a tag without a size': [Buffer.concat([SIXTEEN, Buffer.from('TAG'.padEnd(128, 'x'))]), 3],
  'two files': [Buffer.concat([SIXTEEN, SIXTEEN]), 6],
  'files of other rates, channels and codecs': [Buffer.concat([SIXTEEN, STEREO, TELEPHONE, SIXTEEN]), 10],
  'files behind a size of 0': [Buffer.concat([promising(0, SIXTEEN), STEREO]), 5],
  'files behind a size that is too small': [Buffer.concat([promising(4000, STEREO), promising(0, SIXTEEN)]), 5],
  'a header alone in front': [Buffer.concat([SIXTEEN.subarray(0, 44), STEREO]), 2],
  'a header alone behind': [Buffer.concat([STEREO, promising(0, SIXTEEN.subarray(0, 44))]), 2],
}

for (const [what, [bytes, seconds]] of Object.entries(WHOLE)) {
  test(`${what}: the whole sound is read, and no more`, async () => {
    const { samples, warnings } = await decoded(bytes)
    assertSeconds(samples, seconds, 0.02)
    assert.deepEqual(warnings, [])
    const noise = samples.reduce((loudest, value) => Math.max(loudest, Math.abs(value)), 0)
    assert.ok(noise < 0.56, `a header or a chunk was read as sound: ${noise}`)
  })
}

test('what is cut off is told', async () => {
  for (const bytes of [SIXTEEN.subarray(0, -32_000), Buffer.concat([STEREO, SIXTEEN.subarray(0, -32_000)])]) {
    const { samples, warnings } = await decoded(bytes)
    assertSeconds(samples, bytes.length > SIXTEEN.length ? 4 : 2, 0.02)
    assert.equal(warnings.length, 1)
    assert.match(warnings[0]!, /cut off or damaged/)
  }
})

test('a part that cannot be read costs no other', async () => {
  const broken = promising(4000, SIXTEEN)
  broken.writeUInt16LE(0x4321, 20) // a codec that nobody knows
  const { samples, warnings } = await decoded(Buffer.concat([STEREO, broken, SIXTEEN]))
  assertSeconds(samples, 5, 0.02)
  assert.deepEqual(warnings, ['A part of the recording could not be read, and is left out.'])
  writeFileSync(folder.file('broken.wav'), Buffer.concat([broken, broken]))
  await assertRefused(folder.file('broken.wav'), 'ASR_AUDIO_UNREADABLE')
})

test('all parts count for the limit of length', async () => {
  writeFileSync(folder.file('long.wav'), Buffer.concat(Array.from({ length: 4 }, () => SIXTEEN)))
  await assertRefused(folder.file('long.wav'), 'ASR_AUDIO_TOO_LONG', undefined, { maxSeconds: 7 })
})

test('a file of headers alone is given up after some of them', async () => {
  const header = SIXTEEN.subarray(0, 44)
  writeFileSync(folder.file('headers.wav'), Buffer.concat(Array.from({ length: 3000 }, () => promising(0, header))))
  await using file = await open(folder.file('headers.wav'))
  const found = await wavParts(file)
  assert.equal(found?.parts.length, 1000)
  assert.ok(found?.hasMore)
})

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { tempFolder } from '../../../test/helpers/rigs/temp-folder.ts'
import { wavHeader } from '../../audio/index.ts'
import { isCutShort } from './promised-length.ts'

const wav = Buffer.concat([wavHeader(1000), Buffer.alloc(1000)])

function withLength(length: number, write: 'writeUInt32LE' | 'writeUInt32BE', tag: string): Buffer {
  const file = Buffer.from(wav)
  file.write(tag, 0, 'latin1')
  file[write](length, 4)
  return file
}

function rf64(length: number): Buffer {
  const file = withLength(0xffff_ffff, 'writeUInt32LE', 'RF64')
  file.writeBigUInt64LE(BigInt(length), 20)
  return file
}

function box(type: string, contents: number, length = contents + 8): Buffer {
  const made = Buffer.alloc(contents + 8)
  made.writeUInt32BE(length, 0)
  made.write(type, 4, 'latin1')
  return made
}

function largeBox(contents: number, length = contents + 16): Buffer {
  const made = box('mdat', contents + 8, 1)
  made.writeBigUInt64BE(BigInt(length), 8)
  return made
}

const CUT: Readonly<Record<string, Buffer>> = {
  'a WAV file without its end': wav.subarray(0, 600),
  'an AIFF file without its end': withLength(5000, 'writeUInt32BE', 'FORM'),
  'an RF64 file without its end': rf64(5_000_000_000),
  'an MP4 file in the middle of its samples': Buffer.concat([box('ftyp', 24), box('mdat', 100, 5000)]),
  'one whose index is still to come': Buffer.concat([box('ftyp', 24), box('mdat', 100)]),
  'one in the middle of a head': Buffer.concat([box('ftyp', 24), box('moov', 10), box('mdat', 100).subarray(0, 6)]),
  'one with its index in front': Buffer.concat([box('ftyp', 24), box('moov', 10), largeBox(100, 5_000_000_000)]),
}
const WHOLE: Readonly<Record<string, Buffer>> = {
  'a WAV file': wav,
  'one that lacks the last pad byte': withLength(wav.length - 8 + 1, 'writeUInt32LE', 'RIFF'),
  'one with bytes behind its end': Buffer.concat([wav, Buffer.alloc(50)]),
  'one from a pipe': withLength(0xffff_ffff, 'writeUInt32LE', 'RIFF'),
  "one of arecord's from a pipe": withLength(0x7fff_ffe4, 'writeUInt32LE', 'RIFF'),
  'one whose length was never filled in': withLength(0, 'writeUInt32LE', 'RIFF'),
  'an RF64 file': rf64(wav.length - 8),
  'an MP4 file': Buffer.concat([box('ftyp', 24), box('mdat', 100), box('moov', 10)]),
  'an MP4 file of large boxes': Buffer.concat([box('ftyp', 24), box('moov', 10), largeBox(100)]),
  'an MP4 file whose last box goes to the end': Buffer.concat([box('ftyp', 24), box('moov', 10), box('mdat', 100, 0)]),
  'a damaged one': Buffer.concat([box('ftyp', 24), box('mdat', 100, 5)]),
  'a format that promises nothing': Buffer.from('ID3 and so on, which goes on for a while'),
  'a file that is hardly there': Buffer.from('RIFF'),
}

test('a file is cut short where its header names a later end, and only there', async (t) => {
  const path = join(tempFolder(t), 'file')
  for (const [expected, files] of [
    [true, CUT],
    [false, WHOLE],
  ] as const) {
    for (const [name, contents] of Object.entries(files)) {
      writeFileSync(path, contents)
      assert.equal(await isCutShort(path), expected, name)
    }
  }
})

test('so are the halves of files that ffmpeg wrote', async (t) => {
  const folder = tempFolder(t)
  const fragments = ['-movflags', 'frag_keyframe+empty_moov', '-frag_duration', '500000']
  const files: Readonly<Record<string, readonly string[]>> = {
    ...{ 'a.wav': [], 'b.m4a': [], 'c.m4a': ['-movflags', '+faststart'], 'd.mp4': fragments, 'e.mov': [] },
    ...{ 'f.aiff': [], 'g.avi': [] },
  }
  const outputs = Object.entries(files).flatMap(([name, options]) => [...options, name])
  execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'sine=d=2', ...outputs], { cwd: folder })
  for (const name of Object.keys(files)) {
    const path = join(folder, name)
    assert.equal(await isCutShort(path), false, name)
    const whole = readFileSync(path)
    writeFileSync(path, whole.subarray(0, whole.length >> 1))
    assert.equal(await isCutShort(path), true, name)
  }
})

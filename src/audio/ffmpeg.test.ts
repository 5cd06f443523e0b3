/** What holds ffmpeg in its limits, and that no process is left behind. */

import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { after, mock, test } from 'node:test'
import { TempFolder, tone } from '../../test/helpers/data/audio-files.ts'
import { assertRefused, assertSeconds, decodeWhole, GENEROUS } from '../../test/helpers/judges/decode-whole.ts'
import { skipped } from '../../test/helpers/skip.ts'
import { Ffmpeg } from './ffmpeg.ts'
import { type AudioOptions, decodeAudio, SAMPLE_RATE } from './index.ts'

// Files are AIFF, since a plain WAV file is read without ffmpeg.
const folder = new TempFolder()
after(() => folder[Symbol.dispose]())

// ── limits ──────────────────────────────────────────────────────────────────────────────────────────────────────────

test('a recording of the allowed length passes and a longer one is stopped as soon as it is', async () => {
  const path = folder.make('long.aiff', tone(30))
  assertSeconds(await decodeWhole(path, { maxSeconds: 30 }), 30, 0)

  let nSamples = 0
  await assert.rejects(
    async () => {
      for await (const samples of decodeAudio(path, { ...GENEROUS, maxSeconds: 5 })) nSamples += samples.length
    },
    { name: 'AudioTooLongError', message: 'The recording is longer than the allowed 5 seconds.' },
  )
  assert.ok(nSamples <= 5 * SAMPLE_RATE)
})

/** A program that stands for ffmpeg, written as a shell script. */
function script(name: string, body: string): string {
  const path = folder.file(name)
  writeFileSync(path, `#!/bin/sh\n${body}\n`)
  chmodSync(path, 0o755)
  return path
}

/** The real ffmpeg, which leaves its process id behind: outside the sandbox, where no file can be written. */
function ffmpegWithPid() {
  const pidFile = folder.file(`pid-${Math.random()}`)
  const ffmpegPath = script('ffmpeg-with-pid', `echo $$ > '${pidFile}'\nexec ffmpeg "$@"`)
  const pid = () => Number(readFileSync(pidFile, 'utf8'))
  const isAlive = () => {
    try {
      return process.kill(pid(), 0)
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ESRCH')
      return false
    }
  }
  const program: Pick<AudioOptions, 'ffmpegPath' | 'isSandboxed'> = { ffmpegPath, isSandboxed: false }
  return { program, pid, isAlive }
}

test('ffmpeg that gives nothing is stopped', async () => {
  const ffmpegPath = script('hanging-ffmpeg', 'exec sleep 1000')
  const path = folder.make('any.aiff', tone(1))
  await assertRefused(path, 'ASR_AUDIO_TIMEOUT', /no audio for 0\.05 seconds/, {
    ffmpegPath,
    isSandboxed: false,
    timeoutSeconds: 0.05,
  })
})

test('ffmpeg that gives a little now and then is stopped as well', async () => {
  // A hundredth of a second of sound, ten times a second: never silent for long, and a hundred hours for an hour.
  const drip = 'while head -c 640 /dev/zero; do sleep 0.1; done'
  const ffmpegPath = script('dripping-ffmpeg', `echo '[info] Stream mapping:' >&2; ${drip}`)
  const options = { ffmpegPath, isSandboxed: false, timeoutSeconds: 1 }
  await assertRefused(folder.make('dripping.aiff', tone(1)), 'ASR_AUDIO_TIMEOUT', undefined, options)
})

test('the time in which the consumer holds back does not count', async () => {
  mock.timers.enable({ apis: ['setTimeout'] })
  try {
    let nSamples = 0
    for await (const samples of decodeAudio(folder.make('slowly.aiff', tone(30)), GENEROUS)) {
      nSamples += samples.length
      mock.timers.tick(3_600_000) // an hour for every chunk
    }
    assert.equal(nSamples, 30 * SAMPLE_RATE)
  } finally {
    mock.timers.reset()
  }
})

test('ffmpeg that is not installed or not a program is named', async () => {
  const path = folder.make('good.aiff', tone(1))
  await assertRefused(path, 'ASR_FFMPEG_MISSING', undefined, { ffmpegPath: folder.file('no-such-program') })
  await assertRefused(path, 'ASR_FFMPEG_MISSING', undefined, { ffmpegPath: path })
})

test('ffmpeg that the system does not start, for want of open files, is not called missing', async (t) => {
  if (spawnSync('prlimit').error) return t.skip(skipped('machine', 'needs prlimit of util-linux'))
  const limitTo = (limit: string) => execFileSync('prlimit', ['--pid', String(process.pid), `--nofile=${limit}:`])
  const usual = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))![1]!
  const files: number[] = []
  t.after(() => {
    for (const file of files) closeSync(file)
    limitTo(usual)
  })
  limitTo('100')
  assert.throws(
    () => {
      for (;;) files.push(openSync('/dev/null', 'r'))
    },
    { code: 'EMFILE' },
  )
  await assert.rejects(Ffmpeg.start('any.aiff', { ...GENEROUS, isSandboxed: false }), {
    code: 'ASR_PROCESS_LIMIT',
    message: /\(EMFILE\)/,
  })
})

test('ffmpeg that was killed from outside does not pass for the end of the recording', async () => {
  const ffmpegPath = script('dying-ffmpeg', `head -c 4000 /dev/zero\nkill -9 $$`)
  await assertRefused(folder.make('oom.aiff', tone(1)), 'ASR_FFMPEG_STOPPED', /says nothing of the recording/, {
    ffmpegPath,
    isSandboxed: false,
  })
})

test('nor does ffmpeg that obeyed a signal, as a supervisor sends it to all processes', async () => {
  const { program, pid } = ffmpegWithPid()
  const decoding = decodeAudio(folder.make('terminated.aiff', tone(600)), { ...GENEROUS, ...program })
  await decoding.next()
  process.kill(pid(), 'SIGTERM')
  await assert.rejects(
    async () => {
      for await (const _ of decoding);
    },
    { code: 'ASR_FFMPEG_STOPPED' },
  )
})

test('ffmpeg sees neither tokens nor settings of its own', async () => {
  const seen = folder.file('environment')
  const ffmpegPath = script('env-ffmpeg', `env > '${seen}'\nexec ffmpeg "$@"`)
  process.env.HF_TOKEN = 'hf_secret'
  process.env.FFREPORT = `file=${folder.file('report')}`
  try {
    await decodeWhole(folder.make('env.aiff', tone(1)), { ffmpegPath, isSandboxed: false })
  } finally {
    delete process.env.HF_TOKEN
    delete process.env.FFREPORT
  }
  assert.doesNotMatch(readFileSync(seen, 'utf8'), /HF_TOKEN|FFREPORT/)
})

// ── the end of the process ──────────────────────────────────────────────────────────────────────────────────────────

test('an abort kills ffmpeg and comes back as the abort', async () => {
  const { program, isAlive } = ffmpegWithPid()
  const abort = new AbortController()
  const decoding = decodeAudio(folder.make('abort.aiff', tone(600)), { ...GENEROUS, ...program, signal: abort.signal })
  await decoding.next()
  assert.ok(isAlive(), 'ten minutes do not fit into the pipe, so ffmpeg is waiting')
  abort.abort()
  await assert.rejects(decoding.next(), { name: 'AbortError' })
  assert.ok(!isAlive())
})

test('an abort while ffmpeg is silent is heard too', async () => {
  const abort = new AbortController()
  const ffmpegPath = script('waiting-ffmpeg', 'echo started >&2\nexec sleep 1000')
  const first = decodeAudio(folder.make('silent.aiff', tone(1)), {
    ...GENEROUS,
    ffmpegPath,
    isSandboxed: false,
    signal: abort.signal,
  }).next()
  setImmediate(() => abort.abort())
  await assert.rejects(first, { name: 'AbortError' })
})

test('an abort before the start starts nothing', async () => {
  const options = { ...GENEROUS, ffmpegPath: 'no-such-program', signal: AbortSignal.abort() }
  await assert.rejects(decodeAudio(folder.make('never.aiff', tone(1)), options).next(), { name: 'AbortError' })
})

test('a consumer that stops early leaves no process behind', async () => {
  const { program, isAlive } = ffmpegWithPid()
  for await (const _ of decodeAudio(folder.make('early.aiff', tone(600)), { ...GENEROUS, ...program })) break
  assert.ok(!isAlive())
})

test('a refused recording leaves no process behind', async () => {
  const { program, isAlive } = ffmpegWithPid()
  const path = folder.make('refused.aiff', tone(600))
  await assertRefused(path, 'ASR_AUDIO_TOO_LONG', undefined, { ...program, maxSeconds: 1 })
  assert.ok(!isAlive())
})

test('three hours stream through without piling up', async () => {
  // Silence, because it is made and read fastest; the amount of samples is what counts.
  const path = folder.make('3h.flac', ['-f', 'lavfi', '-i', `anullsrc=r=8000:cl=mono:d=${3 * 3600}`])
  const before = process.memoryUsage.rss()
  let peak = before
  let nSamples = 0
  for await (const samples of decodeAudio(path, GENEROUS)) {
    nSamples += samples.length
    peak = Math.max(peak, process.memoryUsage.rss())
  }
  assert.ok(Math.abs(nSamples / SAMPLE_RATE - 3 * 3600) < 1)
  assert.ok(peak - before < 60 * 1024 * 1024, `grew by ${Math.round((peak - before) / 1024 / 1024)} MB`)
})

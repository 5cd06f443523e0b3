/** Uploads that try to make ffmpeg open something else than themselves. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { TempFolder, tone } from '../../test/helpers/data/audio-files.ts'
import { AsrError } from '../errors/index.ts'
import { decodeAudio } from './index.ts'

const OPTIONS = { ffmpegPath: 'ffmpeg', timeoutSeconds: 20, maxSeconds: 60 }

/** Each names its target so that an unguarded ffmpeg would open it. */
const HOSTILE: readonly (readonly [name: string, contents: (target: string) => string])[] = [
  ['list.m3u8', (target) => `#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n${target}\n#EXT-X-ENDLIST\n`],
  ['list.mp3', (target) => `#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n${target}\n#EXT-X-ENDLIST\n`],
  ['master.m3u8', (target) => `#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n${target}\n`],
  ['script.ffconcat', (target) => `ffconcat version 1.0\nfile '${target}'\n`],
  ['script.wav', (target) => `ffconcat version 1.0\nfile '${target}'\n`],
  ['stream.sdp', () => 'v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n'],
  [
    'list.mpd',
    (target) =>
      `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT2S">` +
      `<Period><AdaptationSet mimeType="audio/wav"><Representation id="1" bandwidth="1"><BaseURL>${target}</BaseURL>` +
      `</Representation></AdaptationSet></Period></MPD>`,
  ],
  ['picture.svg', (target) => `<svg xmlns="http://www.w3.org/2000/svg"><image href="${target}"/></svg>`],
  ['subtitles.idx', () => '# VobSub index file, v7\nsize: 720x480\nid: en, index: 0\n'],
]

test('playlists, scripts and stream descriptions open neither the network nor another file', async () => {
  using folder = new TempFolder()
  const secret = folder.make('secret.ts', [...tone(2), '-c:a', 'aac'])

  let nConnections = 0
  const server = createServer((socket) => {
    nConnections++
    socket.destroy()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const { port } = server.address() as AddressInfo // a TCP server has no other form of address
    const targets = [
      'secret.ts',
      secret,
      `file:${secret}`,
      `http://127.0.0.1:${port}/secret.ts`,
      `tcp://127.0.0.1:${port}`,
    ]
    for (const [name, contents] of HOSTILE) {
      for (const target of targets) {
        const path = folder.file(name)
        writeFileSync(path, contents(target))
        const isRefusal = (error: unknown) => error instanceof AsrError && error.code === 'ASR_AUDIO_UNREADABLE'
        await assert.rejects(decodeAudio(path, OPTIONS).next(), isRefusal, `${name} → ${target}`)
      }
    }
    assert.equal(nConnections, 0)
  } finally {
    server.close()
  }
})

test('without our limits ffmpeg would have read the other file', () => {
  using folder = new TempFolder()
  folder.make('secret.ts', [...tone(2), '-c:a', 'aac'])
  for (const name of ['list.m3u8', 'script.ffconcat', 'script.wav']) {
    const contents = HOSTILE.find(([hostile]) => hostile === name)![1] // all three are named above
    writeFileSync(folder.file(name), contents('secret.ts'))
    const args = ['-nostdin', '-v', 'error', '-i', folder.file(name), '-f', 'f32le', 'pipe:1']
    assert.ok(spawnSync('ffmpeg', args).stdout.length > 0, name)
  }
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { transcriptionOf } from '../../../test/helpers/builders/transcriptions.ts'
import type { Segment } from '../../transcript/index.ts'
import { ProgressReplay } from './progress-replay.ts'

const spoken = (text: string, id: number): Segment => transcriptionOf([{ id, text }]).segments[0]!

test('a listener that joins is told what was told, and then what comes, like those that were there', () => {
  const replay = new ProgressReplay()
  const first: Segment[] = []
  const second: Segment[] = []
  replay.follow({ onSegments: (segments) => void first.push(...segments) })
  replay.onSegments([spoken(' um', 0)])
  replay.follow({ onSegments: (segments) => void second.push(...segments) })
  replay.onSegments([spoken(' dois', 1)])
  assert.deepEqual(first, [spoken(' um', 0), spoken(' dois', 1)])
  assert.deepEqual(second, first)
})

test('segments are taken back until a listener has been told them', () => {
  const replay = new ProgressReplay()
  replay.follow({})
  replay.onSegments([spoken(' um', 0), spoken(' dois', 1)])
  assert.equal(replay.takeBack(1), true)
  replay.onSegments([spoken(' doze', 1)])
  const told: Segment[] = []
  replay.follow({ onSegments: (segments) => void told.push(...segments) })
  assert.deepEqual(told, [spoken(' um', 0), spoken(' doze', 1)])
  assert.equal(replay.takeBack(0), false)
})

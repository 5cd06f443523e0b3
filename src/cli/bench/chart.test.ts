import assert from 'node:assert/strict'
import { test } from 'node:test'
import { svgChart, textBar } from './chart.ts'
import { GENERATED_SECONDS, generatedRecording } from './generated-recording.ts'

test('bars are as long as their share of the largest, to an eighth of a character', () => {
  assert.equal(textBar(10, 10, 4), '████')
  assert.equal(textBar(5, 10, 4), '██')
  assert.equal(textBar(1, 32, 4), '▏')
  assert.equal(textBar(0, 10, 4), '')
  assert.equal(textBar(0, 0, 4), '')
})

test('the picture is well-formed, whatever a model is called', () => {
  const bars = [{ label: '<a> & "b"\n', value: 2, text: '2 × real time' }]
  const svg = svgChart({ title: 'Speed', caption: 'x < y', bars })
  assert.ok(svg.includes('&lt;a&gt; &amp; "b"\\n'))
  assert.ok(svg.includes('x &lt; y'))
  assert.equal(svg.match(/<rect /g)?.length, 1)
  const opened = Array.from(svg.matchAll(/<(\w+)(?: [^>]*)?(?<!\/)>/g), ([, name]) => name)
  const closed = Array.from(svg.matchAll(/<\/(\w+)>/g), ([, name]) => name)
  assert.deepEqual(opened.sort(), closed.sort())
})

test('the generated recording is half a minute of 16-bit sound that neither clips nor is silent', () => {
  const wav = generatedRecording()
  assert.equal(wav.length, 44 + GENERATED_SECONDS * 16_000 * 2)
  const samples = new Int16Array(wav.buffer, wav.byteOffset + 44, (wav.length - 44) / 2)
  const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0)
  assert.ok(peak > 3000 && peak < 32_000, `${peak}`)
})

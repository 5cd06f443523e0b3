import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { DeviceMemoryReader, parseComputeApps } from './nvidia.ts'

const root = mkdtempSync(join(tmpdir(), 'paradox-device-memory-'))
after(() => rmSync(root, { recursive: true, force: true }))

const MIB = 1024 ** 2

/** A program that answers as nvidia-smi does. */
function standIn(name: string, script: string): string {
  const path = join(root, name)
  writeFileSync(path, `#!/bin/sh\n${script}\n`)
  chmodSync(path, 0o755)
  return path
}

test('a process that uses several GPUs has the memory of all', () => {
  const found = parseComputeApps('12, 100\n7, 5\n12, 20\n')
  assert.deepEqual(
    [...found],
    [
      [12, 120 * MIB],
      [7, 5 * MIB],
    ],
  )
})

test('what the driver does not tell is left out', () => {
  assert.deepEqual(parseComputeApps('12, [N/A]\n[Not Found], 4\n\nNo running processes found\n'), new Map())
})

test('the driver is asked by its program', async () => {
  const reader = new DeviceMemoryReader(standIn('smi', 'echo "$@" > "$0.asked"; echo "31, 2048"'))
  assert.equal((await reader.read()).get(31), 2048 * MIB)
  assert.equal(reader.bytesOf(31), 2048 * MIB)
  assert.equal(reader.bytesOf(32), undefined)
})

test('without the program, and where it fails, nothing is known and nothing fails', async () => {
  assert.equal((await new DeviceMemoryReader(join(root, 'absent')).read()).size, 0)
  assert.equal((await new DeviceMemoryReader(standIn('broken', 'echo "31, 1"; exit 9')).read()).size, 0)
})

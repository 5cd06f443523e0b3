/** A folder of its own for a test, removed when the test ends. */

import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'

export function tempFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'paradox-test-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** One with copies of a file under these names, which may have folders in them. */
export function folderOfCopies(t: TestContext, file: string, names: readonly string[]): string {
  const folder = tempFolder(t)
  for (const name of names) {
    const path = join(folder, name)
    mkdirSync(dirname(path), { recursive: true })
    copyFileSync(file, path)
  }
  return folder
}

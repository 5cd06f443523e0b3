/** package-lock.json on the machines that set-up is made for: plain Debian, with its old Node and npm. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'

/** Debian 12's. */
const OLDEST_NODE_MAJOR = 18

interface LockedPackage {
  readonly optional?: boolean
  readonly os?: readonly string[]
  readonly engines?: { readonly node?: string }
  readonly resolved?: string
  readonly integrity?: string
}

const lock = JSON.parse(readFileSync(resolve(import.meta.dirname, '../../package-lock.json'), 'utf8'))
const packages = Object.entries(lock.packages as Record<string, LockedPackage>).filter(([path]) => path !== '')

test('npm leaves out no optional package because of the Node that it runs on', () => {
  // Where an `engines` does not hold, npm warns of a package that is needed, and silently skips one that is optional:
  // so a binary that a program is nothing without goes missing.
  for (const [path, { optional, os = ['linux'], engines }] of packages) {
    if (!optional || !os.includes('linux') || engines?.node === undefined) continue
    const majors = Array.from(engines.node.matchAll(/>=\s*(\d+)/g), ([, major]) => Number(major))
    const isOld = majors.some((major) => major <= OLDEST_NODE_MAJOR)
    assert.ok(isOld || engines.node === '*', `${path} wants Node ${engines.node}`)
  }
})

test('each package is pinned by its contents, and by no registry’s address', () => {
  for (const [path, { resolved, integrity }] of packages) {
    assert.equal(resolved, undefined, path)
    assert.match(integrity ?? '', /^sha512-/, path)
  }
})

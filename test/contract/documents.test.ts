/** What README.md and docs/ say, as far as a machine can compare it with the program. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { test } from 'node:test'
import { metricsDocument } from '../../scripts/write-metrics-doc.ts'
import { optionsDocument } from '../../scripts/write-options-doc.ts'
import { operationsDocument } from '../../scripts/write-settings-doc.ts'
import { ModelRegistry } from '../../src/models/registry.ts'
import { tempFolder } from '../helpers/rigs/temp-folder.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8')
const DOCUMENTS = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...globSync('docs/**/*.md', { cwd: ROOT }),
].sort()

/** What stands in code, in blocks and in lines: commands, as opposed to words about them. */
function codeOf(text: string): string[] {
  return Array.from(
    text.matchAll(/^```\w*\n([\s\S]*?)^```$|`([^`\n]+)`/gm),
    ([, block, inline]) => block ?? inline ?? '',
  )
}

function blocksOf(text: string): string[] {
  return Array.from(text.matchAll(/^```\w*\n([\s\S]*?)^```$/gm), ([, block]) => block!)
}

function all(code: readonly string[], pattern: RegExp): string[] {
  return [...new Set(code.flatMap((text) => Array.from(text.matchAll(pattern), ([, found]) => found!)))]
}

test('every make target that the documents name is there', () => {
  const targets = new Set(all([read('Makefile')], /^([a-z-]+):/gm))
  for (const file of DOCUMENTS) {
    for (const target of all(codeOf(read(file)), /\bmake ([a-z][a-z-]*)/g)) {
      assert.ok(targets.has(target), `${file}: make ${target}`)
    }
  }
})

test('every recording that a command of the READMEs names is one that make demo leaves and make clean removes', () => {
  const kept = all([read('scripts/demo.sh')], /^ +keep .* (\S+)$/gm)
  assert.ok(kept.includes('clip.wav'))
  for (const file of ['README.md', 'docs/pt/README.md']) {
    const named = all(blocksOf(read(file)), /(?<![\w./-])([\w-]+\.(?:wav|ogg|mp3|m4a|opus|flac|mp4))\b/g)
    assert.ok(named.length > 0, file)
    for (const name of named) assert.ok(kept.includes(name), `${file}: ${name}`)
  }
  const clean = /^clean:.*\n((?:\t.*\n)+)/m.exec(read('Makefile'))?.[1] ?? ''
  for (const name of kept) {
    assert.ok(clean.includes(` ${name}`), `make clean leaves ${name}`)
    assert.ok(read('.gitignore').includes(`/${name}\n`), `${name} is not ignored by git`)
  }
})

test('every command and option of bin/paradox that the documents name is in its help', () => {
  const help = (...command: string[]) => execFileSync(join(ROOT, 'bin/paradox'), [...command, '--help']).toString()
  const commands = all([help()], /^ {2}([a-z]+) [[<]/gm)
  const helps = new Map(commands.map((command) => [command, help(command)]))
  for (const sub of all([helps.get('models')!], /^ {2}([a-z]+) \[/gm)) helps.set(`models ${sub}`, help('models', sub))
  let checked = 0
  for (const file of DOCUMENTS) {
    for (const line of all(codeOf(read(file)), /\bbin\/paradox ([a-z][^\n`|]*)/g)) {
      const [first, ...args] = line.split(/\s+/)
      const command = helps.has(`${first} ${args[0]}`) ? `${first} ${args[0]}` : first
      for (const option of args.filter((arg) => arg.startsWith('--'))) {
        assert.ok(helps.get(command!)?.includes(`${option} `), `${file}: bin/paradox ${line}`)
      }
      assert.ok(helps.has(command!), `${file}: bin/paradox ${line}`)
      checked++
    }
  }
  assert.ok(checked > 5)
})

test('docs/options.md is what the tables of options say', () => {
  assert.equal(read('docs/options.md'), optionsDocument(), 'run scripts/node scripts/write-options-doc.ts')
})

test('the settings of docs/operations.md are what src/settings.ts says', () => {
  assert.equal(read('docs/operations.md'), operationsDocument(), 'run scripts/node scripts/write-settings-doc.ts')
})

test('the metrics of docs/operations.md are what src/http/observability/metrics.ts says', () => {
  assert.equal(read('docs/operations.md'), metricsDocument(), 'run scripts/node scripts/write-metrics-doc.ts')
})

test('the newest release of the changelog, and the package that the documents install, are the version at hand', () => {
  const { version } = JSON.parse(read('package.json')) as { version: string }
  const headings = Array.from(read('CHANGELOG.md').matchAll(/^## (.+)$/gm), ([, heading]) => heading!)
  assert.equal(headings[0], 'Unreleased')
  const [release, date] = headings[1]!.split(' — ')
  assert.equal(release, version)
  assert.match(date!, /^\d{4}-\d{2}-\d{2}$/)
  assert.ok(read('docs/library.md').includes(`paradox-asr-${version}.tgz`))
  assert.equal(JSON.parse(read('package-lock.json')).version, version)
})

test('every link between the documents leads to a file, and to a heading where it names one', () => {
  for (const file of DOCUMENTS) {
    for (const [, link] of read(file).matchAll(/\]\((?!https?:)([^)]+)\)/g)) {
      const [path = '', anchor] = link!.split('#')
      const target = path === '' ? file : join(dirname(file), path)
      assert.ok(existsSync(join(ROOT, target)), `${file}: ${link}`)
      if (anchor !== undefined) assert.ok(anchorsOf(target).includes(anchor), `${file}: ${link}`)
    }
  }
})

test('every file and folder that the recipes for contributors name is there', () => {
  const named = all(codeOf(read('CONTRIBUTING.md')), /^((?:src|test|scripts)\/\S+)$/gm)
  assert.ok(named.length > 15)
  for (const path of named) assert.ok(existsSync(join(ROOT, path)), path)
})

/** As the usual viewers make them. */
function anchorsOf(file: string): string[] {
  return all([read(file)], /^#+ (.+)$/gm).map((title) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

test('each decision has a number of its own, the same in its title, and the four parts of a decision', () => {
  const files = DOCUMENTS.filter((file) => file.startsWith('docs/decisions/'))
  const numbers = files.map((file) => basename(file).slice(0, 4))
  assert.equal(new Set(numbers).size, files.length)
  for (const [i, file] of files.entries()) {
    const [title, ...parts] = all([read(file)], /^#{1,2} (.+)$/gm)
    assert.match(title!, new RegExp(`^${numbers[i]}: \\S`), file)
    assert.deepEqual(parts, ['Context', 'Decision', 'Consequences', 'Evidence'], file)
  }
})

test('the example of a models file is accepted', (t) => {
  const [example] = Array.from(read('docs/models.md').matchAll(/^```json\n([\s\S]*?)^```$/gm), ([, json]) => json!)
  const file = join(tempFolder(t), 'models.json')
  writeFileSync(file, example!)
  const registry = ModelRegistry.load({ file })
  for (const id of Object.keys(JSON.parse(example!) as object)) assert.ok(registry.find(id))
})

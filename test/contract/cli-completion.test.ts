/** Completion of commands, flags and values, in the shells themselves. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { PARADOX, paradox, userEnvironment } from '../helpers/rigs/command-line.ts'
import { tempFolder } from '../helpers/rigs/temp-folder.ts'
import { keepRaw, keepSeen, noTerminal, openTerminal } from '../helpers/rigs/terminal.ts'
import { skipped } from '../helpers/skip.ts'

/** What is typed before the tabulator, and the word that it becomes in every shell. */
const WORDS: readonly (readonly [typed: string, word: string])[] = [
  ['paradox tran', 'transcribe'],
  ['paradox models in', 'info'],
  ['paradox models info lit', 'lite_asr'],
  ['paradox models verify lit', 'lite_asr'],
  ['paradox models verify base at', 'ata de maio.wav'],
  ['paradox transcribe --over', '--overwrite'],
  ['paradox transcribe --overwrite --no-vad', '--no-vad-filter'],
  ['paradox transcribe ata.wav --over', '--overwrite'],
  ['paradox transcribe --format ver', 'verbose_json'],
  ['paradox transcribe --format=ver', '--format=verbose_json'],
  ['paradox transcribe --model ba', 'base'],
  ['paradox transcribe at', 'ata de maio.wav'],
  ['paradox transcribe --output-dir rec', 'recordings/'],
  ['paradox watch rec', 'recordings/'],
  ['paradox bench ba', 'base'],
  ['paradox bench --svg at', 'ata de maio.wav'],
  ['paradox completion fi', 'fish'],
]
/** Flags that want a value, which zsh joins by itself. */
const VALUED: readonly (readonly [typed: string, word: string])[] = [
  ['paradox serve --po', '--port'],
  ['paradox models verify base --max-w', '--max-wer-rise'],
]

const ERASE_LINE = '\x15'
const TAB = '\t'

/** How a shell is started without anybody's settings, and what it is told there. */
const TERMINAL_SHELLS = {
  bash: { start: 'bash --norc --noprofile -i', prepare: 'true', valued: '' },
  zsh: { start: 'zsh -f -i', prepare: 'autoload -Uz compinit; compinit -D', valued: '=' },
} as const

/** A user's folder, with `paradox` among the programs. */
function userFolder(t: TestContext): { cwd: string; env: NodeJS.ProcessEnv } {
  const cwd = tempFolder(t)
  mkdirSync(join(cwd, 'bin'))
  symlinkSync(PARADOX, join(cwd, 'bin/paradox'))
  mkdirSync(join(cwd, 'recordings'))
  writeFileSync(join(cwd, 'ata de maio.wav'), '')
  return { cwd, env: { PATH: `${join(cwd, 'bin')}:${process.env.PATH}`, INPUTRC: '/dev/null', HISTFILE: '' } }
}

function notHere(shell: string): string | false {
  return spawnSync(shell, ['--version']).status === 0 ? false : skipped('machine', `${shell} is not on this machine`)
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

/** It reads its script without a fault. */
async function understands(t: TestContext, shell: string): Promise<void> {
  const cwd = tempFolder(t)
  const { stdout, code } = await paradox(['completion', shell], { cwd })
  assert.equal(code, 0)
  writeFileSync(join(cwd, 'completion'), stdout)
  const checked = spawnSync(shell, ['-n', 'completion'], { cwd, encoding: 'utf8' })
  assert.deepEqual([checked.status, checked.stderr], [0, ''])
}

for (const shell of ['bash', 'zsh'] as const) {
  describe(`completion in ${shell}`, { skip: notHere(shell) }, () => {
    test('completes commands, flags, values, files and folders', { skip: noTerminal }, async (t) => {
      const { start, prepare, valued } = TERMINAL_SHELLS[shell]
      const { cwd, env } = userFolder(t)
      const terminal = openTerminal(t, start, { cwd, env, columns: 100 })
      await terminal.shows(/[$#%]$/)
      terminal.type(`PS1='> '; ${prepare}; source <(paradox completion ${shell}); echo loaded\r`)
      await terminal.shows(/^loaded\n>$/m)
      for (const [typed, word] of [...WORDS, ...VALUED.map(([typed, word]) => [typed, `${word}${valued}`] as const)]) {
        terminal.type(`${ERASE_LINE}${typed}${TAB}`)
        // What is completed ends with a blank, after which the next key comes.
        terminal.type('~')
        const completed = `${typed.slice(0, typed.lastIndexOf(' '))} ${word.replaceAll(' ', '\\ ')}`
        await terminal.shows(new RegExp(`^> ${escapeRegExp(completed)} ?~$`, 'm'))
        terminal.type(ERASE_LINE)
        await terminal.shows(/\n>$/)
      }
      terminal.type(`paradox transcribe --task tran${TAB}~`) // two begin so
      await terminal.shows(/--task trans~$/m)
      terminal.type(`${ERASE_LINE}paradox models ${TAB}${TAB}`)
      await terminal.shows(/compile.*info.*list.*prune.*pull.*rm.*verify/s)
      terminal.type(`${ERASE_LINE}paradox ${TAB}${TAB}`)
      await terminal.shows(/bench.*completion.*devices.*doctor.*models.*serve.*transcribe.*watch/s)
      keepRaw(`completion-${shell}`, terminal)
      keepSeen(`completion-${shell}`, { 'at the end': terminal.screen.rows })
      terminal.type(`${ERASE_LINE}exit\r`)
      assert.equal(await terminal.ended, 0)
    })

    test('the script is understood', (t) => understands(t, shell))
  })
}

describe('completion in fish', { skip: notHere('fish') }, () => {
  test('completes commands, flags, values, files and folders', (t) => {
    const { cwd, env } = userFolder(t)
    const told = { cwd, env: { ...userEnvironment(cwd), ...env }, encoding: 'utf8' } as const
    /** fish says itself what it would offer: a line each, the meaning after a tabulator. */
    const offers = (typed: string) => {
      const asked = `paradox completion fish | source; complete -C '${typed}'`
      const { stdout, stderr, status } = spawnSync('fish', ['--no-config', '-c', asked], told)
      assert.deepEqual([status, stderr], [0, ''])
      return stdout
        .split('\n')
        .filter(Boolean)
        .map((line) => line.split('\t')[0])
    }
    for (const [typed, word] of [...WORDS, ...VALUED]) assert.deepEqual(offers(typed), [word], typed)
    assert.deepEqual(offers('paradox transcribe --task tran'), ['transcribe', 'translate'])
    assert.deepEqual(offers('paradox models '), ['compile', 'info', 'list', 'prune', 'pull', 'rm', 'verify'])
    assert.deepEqual(offers('paradox watch ata'), [])
  })

  test('the script is understood', (t) => understands(t, 'fish'))
})

/** What helps with typing: `--help` of every command, and completion in real shells. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { PARADOX, paradox } from '../helpers/command-line.ts'
import { tempFolder } from '../helpers/temp-folder.ts'
import { keepRaw, keepSeen, noTerminal, openTerminal, type Terminal } from '../helpers/terminal.ts'

const COMMANDS = [
  ...['serve', 'transcribe', 'watch', 'models', 'devices', 'doctor', 'bench', 'completion'],
  ...['models list', 'models pull', 'models rm', 'models compile', 'models info', 'models prune'],
]

test('the help of every command has examples, and knows every flag in them', async (t) => {
  const cwd = tempFolder(t)
  const helps = new Map<string, string>()
  for (const command of ['', ...COMMANDS]) {
    const { stdout, stderr, code } = await paradox([...command.split(' ').filter(Boolean), '--help'], { cwd })
    assert.deepEqual([code, stderr], [0, ''], command)
    assert.match(stdout, /^Examples?:$/m, command)
    helps.set(command, stdout)
  }
  keepSeen('help', Object.fromEntries(Array.from(helps, ([command, help]) => [`paradox ${command} --help`, help])))
  for (const help of helps.values()) {
    for (const [, line] of help.matchAll(/^ {2}.*\bparadox (.*)$/gm)) {
      const words = line!.split('#')[0]!.split(/\s+/)
      const command = COMMANDS.findLast((name) => name === words.slice(0, name.split(' ').length).join(' '))
      for (const flag of words.filter((word) => word.startsWith('--') && word !== '--help')) {
        assert.ok(helps.get(command ?? '')?.includes(`  ${flag} `), `${flag} of: paradox ${line}`)
      }
    }
  }
})

const ERASE_LINE = '\x15'
const TAB = '\t'

/** bash as a user has it, `paradox` among its programs, its completion loaded. */
async function bash(t: TestContext): Promise<Terminal> {
  const cwd = tempFolder(t)
  mkdirSync(join(cwd, 'bin'))
  symlinkSync(PARADOX, join(cwd, 'bin/paradox'))
  mkdirSync(join(cwd, 'recordings'))
  writeFileSync(join(cwd, 'ata de maio.wav'), '')
  const env = { PATH: `${join(cwd, 'bin')}:${process.env.PATH}`, INPUTRC: '/dev/null', HISTFILE: '' }
  const terminal = openTerminal(t, 'bash --norc --noprofile -i', { cwd, env, columns: 100 })
  await terminal.shows(/[$#]$/)
  terminal.type("PS1='> '; source <(paradox completion bash); echo loaded\r")
  await terminal.shows(/^loaded\n>$/m)
  return terminal
}

test('bash completes commands, flags, values, files and folders', { skip: noTerminal }, async (t) => {
  const terminal = await bash(t)
  for (const [typed, completed] of [
    ['paradox tran', 'paradox transcribe'],
    ['paradox models in', 'paradox models info'],
    ['paradox models info lit', 'paradox models info lite_asr'],
    ['paradox transcribe --over', 'paradox transcribe --overwrite'],
    ['paradox transcribe --overwrite --no-vad', 'paradox transcribe --overwrite --no-vad-filter'],
    ['paradox transcribe --format ver', 'paradox transcribe --format verbose_json'],
    ['paradox transcribe --format=ver', 'paradox transcribe --format=verbose_json'],
    ['paradox transcribe --model ba', 'paradox transcribe --model base'],
    ['paradox transcribe --task tran', 'paradox transcribe --task trans'],
    ['paradox transcribe at', 'paradox transcribe ata\\ de\\ maio.wav'],
    ['paradox transcribe --output-dir rec', 'paradox transcribe --output-dir recordings/'],
    ['paradox watch rec', 'paradox watch recordings/'],
    ['paradox watch ata', 'paradox watch ata'],
    ['paradox completion fi', 'paradox completion fish'],
    ['paradox serve --po', 'paradox serve --port'],
    ['paradox bench --svg at', 'paradox bench --svg ata\\ de\\ maio.wav'],
  ]) {
    terminal.type(`${ERASE_LINE}${typed}${TAB}`)
    // What is completed ends with a blank, after which the next key comes.
    terminal.type('~')
    await terminal.shows(new RegExp(`^> ${escapeRegExp(completed!)} ?~$`, 'm'))
    terminal.type(ERASE_LINE)
    await terminal.shows(/\n>$/)
  }
  terminal.type(`paradox models ${TAB}${TAB}`)
  await terminal.shows(/compile +info +list +prune +pull +rm/)
  terminal.type(`${ERASE_LINE}paradox ${TAB}${TAB}`)
  await terminal.shows(/bench +completion +devices +doctor +models +serve +transcribe +watch/)
  keepRaw('completion-bash', terminal)
  keepSeen('completion-bash', { 'at the end': terminal.screen.rows })
  terminal.type(`${ERASE_LINE}exit\r`)
  assert.equal(await terminal.ended, 0)
})

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

for (const shell of ['bash', 'zsh', 'fish']) {
  const isHere = spawnSync(shell, ['--version']).status === 0
  const skip = isHere ? false : `${shell} is not on this machine`
  test(`${shell} understands its completion script`, { skip }, async (t) => {
    const cwd = tempFolder(t)
    const { stdout, code } = await paradox(['completion', shell], { cwd })
    assert.equal(code, 0)
    writeFileSync(join(cwd, 'completion'), stdout)
    const checked = spawnSync(shell, ['-n', 'completion'], { cwd, encoding: 'utf8' })
    assert.deepEqual([checked.status, checked.stderr], [0, ''])
  })
}

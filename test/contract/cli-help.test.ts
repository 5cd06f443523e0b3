/** `--help` of every command. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { paradox } from '../helpers/rigs/command-line.ts'
import { tempFolder } from '../helpers/rigs/temp-folder.ts'
import { keepSeen } from '../helpers/rigs/terminal.ts'

const COMMANDS = [
  ...['serve', 'transcribe', 'watch', 'models', 'devices', 'doctor', 'bench', 'completion'],
  ...[
    'models list',
    'models pull',
    'models rm',
    'models compile',
    'models info',
    'models tune',
    'models verify',
    'models prune',
  ],
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

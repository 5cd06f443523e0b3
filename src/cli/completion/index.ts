/** `paradox completion`: what a shell needs to complete commands, flags and their values, out of commander's tree. */

import type { Command } from 'commander'
import { readConfig } from '../../config.ts'
import { ModelRegistry } from '../../models/registry.ts'
import { FORMATS } from '../transcription/result-writers.ts'
import { bashScript } from './bash.ts'
import { fishScript } from './fish.ts'
import { treeOf } from './tree.ts'
import { zshScript } from './zsh.ts'

const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const

/** @returns the script to print. @throws {ConfigError} */
export function completionScript(program: Command, shell: Shell): string {
  const ids = ModelRegistry.load(readConfig().models)
    .list()
    .map(({ id }) => id)
    .filter((id) => /^[\w./@-]+$/.test(id)) // others would have to be quoted, in three ways
  const tree = treeOf(program, {
    model: ids,
    id: ids,
    format: FORMATS,
    shell: SHELLS,
    file: 'files',
    recording: 'files',
    svg: 'files',
    folder: 'folders',
    'output-dir': 'folders',
  })
  return SCRIPTS[shell](tree)
}

/** Every command with its flags and its help. Each is imported when it runs: `--help` should not wait for a web framework. */

import { Command } from 'commander'
import { PACKAGE } from '../package-info.ts'
import { addCompletion } from './commands/completion.ts'
import { addMachine } from './commands/machine.ts'
import { addModels } from './commands/models.ts'
import { writeHelp } from './commands/run.ts'
import { addServe } from './commands/serve.ts'
import { addTranscribe } from './commands/transcribe.ts'
import { addWatch } from './commands/watch.ts'

export function createProgram(): Command {
  const program = new Command('paradox')
    .description('Speech to text on your own machine, with any model of the Whisper family.')
    .version(PACKAGE.version)
    .showHelpAfterError('(add --help for the options)')
    .exitOverride()
    .configureOutput({ writeOut: writeHelp })
    .addHelpText(
      'after',
      `
Examples:
  paradox serve --port 8000
  paradox transcribe --model base --language pt entrevista.ogg
  paradox transcribe --recursive --output-dir texts --format srt,json recordings
  paradox watch --output-dir texts inbox
  paradox models
  paradox doctor

Every command has examples: paradox transcribe --help. The settings are environment variables; docs/operations.md lists
them. docs/cli.md has the whole command line.`,
    )
  program.hook('preAction', (_, command) => {
    if (command.name() !== 'serve') void import('./leftovers.ts').then(({ sweepLeftovers }) => sweepLeftovers())
  }) // `serve` does it itself, and logs it
  addServe(program)
  addTranscribe(program)
  addWatch(program)
  addModels(program)
  addMachine(program)
  addCompletion(program)
  return program
}

/** The command line: reads the arguments, runs one command, turns its end into an exit code. */

import { writeSync } from 'node:fs'
import { Command, CommanderError, Option } from 'commander'
import packageJson from '../../package.json' with { type: 'json' }
import { isAbort } from '../errors/index.ts'
import type { PruneFlags } from './compiled-models.ts'
import { describeFailure, EXIT, exitCodeOf } from './exit-codes.ts'
import { listenForInterruption } from './interruption.ts'
import { flagsOf, withoutAssignedSwitches } from './option-flags.ts'
import { FORMATS, type Output } from './result-writers.ts'
import type { ServeOptions } from './serve.ts'
import { optionGroups, type TranscribeFlags } from './transcribe-options.ts'

const output: Output = {
  stdout: (text) => void process.stdout.write(text),
  stderr: (text) => void process.stderr.write(text),
}

// Each command is imported when it runs: `--help` should not wait for a web framework.
const program = new Command('paradox')
  .description('Speech to text on your own machine, with any model of the Whisper family.')
  .version(packageJson.version)
  .showHelpAfterError('(add --help for the options)')
  .exitOverride()
  .configureOutput({ writeOut: writeHelp })
  .addHelpText(
    'after',
    `
Examples:
  paradox serve --port 8000
  paradox transcribe --model base --language pt entrevista.ogg
  paradox transcribe --model base --format jsonl *.mp3 > texts.jsonl
  paradox transcribe --model openai/whisper-small meeting.m4a
  paradox models
  paradox models compile base

The settings are environment variables; docs/operations.md lists them.`,
  )

program
  .command('serve')
  .description('start the HTTP service')
  .option('--host <address>', 'address to listen on (default: HOST, else 0.0.0.0)')
  .option('--port <number>', 'port to listen on (default: PORT, else 8000)')
  .action(async (options: ServeOptions) => {
    const interruption = listenForInterruption()
    const { serve } = await import('./serve.ts')
    await serve(options, interruption.signal)
  })

const transcribeCommand = program
  .command('transcribe')
  .description('print what is said in audio or video files')
  .argument('<file...>', 'any audio or video that ffmpeg reads; names that begin with - go after --')
  .option('--model <id>', 'id of `paradox models`, hub repository or folder (default: DEFAULT_MODEL_ID, else freds0)')
  .option('--language <language>', 'name or code, such as pt or portuguese (default: detected)')
  .addOption(new Option('--format <format>', 'what is printed').choices(FORMATS).default('text'))
  .addHelpText(
    'after',
    `
Formats:
  text          the text only; of several files, each under a line "==> file <==", failures on standard error
  jsonl         a line per file, in order, as soon as it is done:
                {"file","model","language","duration","text"}, or {"file","model","error"}
  json          the same object, indented; of several files an array of them
  srt, vtt      subtitles of one file
  tsv           start and end in milliseconds, and text, of one file
  verbose_json  everything that is known of one file: segments, statistics, and words with --word-timestamps

docs/options.md has the rules between the options. Those that are true or false also take a value: --vad-filter=false.

The model is loaded once. A file that fails does not stop the others.
Exit code: 0 all files succeeded, 1 one or more failed, 2 wrong arguments or settings, 130 Ctrl-C.`,
  )
  .action(async (files: string[], flags: TranscribeFlags) => {
    const interruption = listenForInterruption()
    const { transcribe } = await import('./transcribe.ts')
    try {
      const isComplete = await transcribe(files, flags, { output, signal: interruption.signal })
      process.exitCode = isComplete ? EXIT.success : EXIT.failure
    } catch (error) {
      if (!isAbort(error)) throw error
    }
    if (interruption.exitCode !== undefined) process.exitCode = interruption.exitCode
  })

const groups = optionGroups()
for (const { heading, infos } of groups) {
  for (const option of flagsOf(infos, heading)) transcribeCommand.addOption(option)
}

const modelsCommand = program
  .command('models')
  .description('list the models, and which of them are on this machine')
  .option('--json', 'as a JSON array')
  .action(async (options: { json?: boolean }) => {
    listenForInterruption()
    const { listModels } = await import('./models.ts')
    output.stdout(await listModels(options))
  })

modelsCommand
  .command('compile')
  .description('compile models beforehand, downloading those that are missing')
  .argument('[id...]', 'as for --model of transcribe (default: all whose files are on this machine)')
  .action(async (ids: string[]) => {
    const interruption = listenForInterruption()
    const { compileModels } = await import('./compiled-models.ts')
    try {
      const isComplete = await compileModels(ids, { output, signal: interruption.signal })
      process.exitCode = isComplete ? EXIT.success : EXIT.failure
    } catch (error) {
      if (!isAbort(error)) throw error
    }
    if (interruption.exitCode !== undefined) process.exitCode = interruption.exitCode
  })

modelsCommand
  .command('prune')
  .description(
    'remove compiled models of other versions and processors, unfinished ones, and those over the size limit',
  )
  .option('--all', 'remove every compiled model that no service is using')
  .option('--dry-run', 'only say what would be removed')
  .action(async (options: PruneFlags) => {
    listenForInterruption()
    const { pruneModels } = await import('./compiled-models.ts')
    output.stdout(pruneModels(options))
  })

/** Help and version, at once: nobody listens yet for a reader such as `head` that has gone. */
function writeHelp(text: string): void {
  try {
    writeSync(process.stdout.fd, text)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
  }
}

try {
  const infos = groups.flatMap((group) => group.infos)
  const args = withoutAssignedSwitches(process.argv.slice(2), infos)
  await program.parseAsync(args, { from: 'user' })
} catch (error) {
  if (error instanceof CommanderError) {
    // commander has already printed its message.
    process.exitCode = error.exitCode === 0 ? EXIT.success : EXIT.usage
  } else {
    output.stderr(`paradox: ${describeFailure(error)}\n`)
    process.exitCode = exitCodeOf(error)
  }
}

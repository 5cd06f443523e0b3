import type { Command } from 'commander'
import type { PruneFlags } from '../models/compile.ts'
import { output, print, run } from './run.ts'

interface JsonFlag {
  readonly json?: boolean
}

const ID = 'as for --model of transcribe'

export function addModels(program: Command): void {
  const models = program
    .command('models')
    .description('list the models, and which of them are on this machine; bring, remove, compile and describe them')
    .option('--json', 'as a JSON array')
    .addHelpText(
      'after',
      `
Examples:
  paradox models
  paradox models pull base openai/whisper-small
  paradox models info base
  paradox models compile base
  paradox models rm openai/whisper-small

Exit code: 0 all succeeded, 1 one or more failed, 2 wrong arguments or settings, 130 Ctrl-C.`,
    )
    .action(async (options: JsonFlag) => {
      await print(async () => (await import('../models/list.ts')).listModels(options))
    })

  models
    .command('list')
    .description('the same as `paradox models`')
    .option('--json', 'as a JSON array')
    .addHelpText('after', '\nExample:\n  paradox models list --json')
    .action(async (_options: JsonFlag, command: Command) => {
      const options: JsonFlag = command.optsWithGlobals()
      await print(async () => (await import('../models/list.ts')).listModels(options))
    })

  models
    .command('pull')
    .description('download models, or what is newer of them on the hub')
    .argument('<id...>', ID)
    .addHelpText('after', '\nExamples:\n  paradox models pull base\n  HF_TOKEN=… paradox models pull owner/name@v2')
    .action(async (ids: string[]) => {
      await run(async (signal) => (await import('../models/pull.ts')).pullModels(ids, { output, signal }))
    })

  models
    .command('rm')
    .description('remove the files of models from the caches, and what was compiled from them')
    .argument('<id...>', ID)
    .option('--dry-run', 'only say what would be removed')
    .addHelpText('after', '\nExamples:\n  paradox models rm openai/whisper-small\n  paradox models rm --dry-run base')
    .action(async (ids: string[], options: { dryRun?: boolean }) => {
      await run(async () => (await import('../models/remove.ts')).removeModels(ids, options, output))
    })

  models
    .command('compile')
    .description('compile models beforehand, downloading those that are missing')
    .argument('[id...]', `${ID} (default: all whose files are on this machine)`)
    .addHelpText('after', '\nExamples:\n  paradox models compile\n  DTYPE=float32 paradox models compile base')
    .action(async (ids: string[]) => {
      await run(async (signal) => (await import('../models/compile.ts')).compileModels(ids, { output, signal }))
    })

  models
    .command('info')
    .description('architecture, layers, ranks, precision, size, languages and speed of models')
    .argument('<id...>', ID)
    .option('--json', 'as a JSON array')
    .addHelpText('after', '\nExamples:\n  paradox models info base\n  paradox models info --json base freds0')
    .action(async (ids: string[], _options: JsonFlag, command: Command) => {
      const options: JsonFlag = command.optsWithGlobals()
      await run(async () => (await import('../models/info.ts')).describeModels(ids, options, output))
    })

  models
    .command('prune')
    .description(
      'remove compiled models of other versions and processors, unfinished ones, and those over the size limit',
    )
    .option('--all', 'remove every compiled model that no service is using')
    .option('--dry-run', 'only say what would be removed')
    .addHelpText('after', '\nExamples:\n  paradox models prune --dry-run\n  paradox models prune --all')
    .action(async (options: PruneFlags) => {
      await print(async () => (await import('../models/compile.ts')).pruneModels(options))
    })
}

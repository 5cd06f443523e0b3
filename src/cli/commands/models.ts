import type { Command } from 'commander'
import type { PruneFlags } from '../models/compile.ts'
import type { VerifyFlags } from '../verify/verify.ts'
import { output, print, run } from './run.ts'

interface JsonFlag {
  readonly json?: boolean
}

const ID = 'as for --model of transcribe'

export function addModels(program: Command): void {
  const models = program
    .command('models')
    .description(
      'list the models, and which of them are on this machine; bring, remove, compile, describe, tune and verify them',
    )
    .option('--json', 'as a JSON array')
    .addHelpText(
      'after',
      `
Examples:
  paradox models
  paradox models pull base openai/whisper-small
  paradox models info base
  paradox models compile base
  paradox models verify base
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
    .option('--force', 'also what another program has brought')
    .addHelpText('after', '\nExamples:\n  paradox models rm openai/whisper-small\n  paradox models rm --dry-run base')
    .action(async (ids: string[], options: { dryRun?: boolean; force?: boolean }) => {
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
    .command('tune')
    .description(
      'measure anew which precision is fastest on this machine; later loads of models of that width go by it',
    )
    .argument('[id...]', `${ID} (default: all whose files are on this machine)`)
    .addHelpText(
      'after',
      `
Examples:
  paradox models tune
  paradox models tune base freds0

The first load of a model measures by itself. This is for a machine that was busy then: models info tells.
Exit code: 0 measured, 1 the machine was busy again, 2 wrong arguments or settings.`,
    )
    .action(async (ids: string[]) => {
      await run(async () => (await import('../models/tune.ts')).tuneModels(ids, { output }))
    })

  models
    .command('verify')
    .description(
      'compare a model as it is set with itself in float32 and with the full audio context: words, time, memory',
    )
    .argument('<id>', ID)
    .argument(
      '[file...]',
      'recordings to compare on, beside a short English sample; clip.txt beside clip.wav has what is said',
    )
    .option('--language <language>', 'that is spoken in the files, as for transcribe (default: as the model has it)')
    .option('--recursive', 'take the recordings of folders and of the folders in them')
    .option('--max-differing <percent>', 'words that may differ, in recordings without a text (default: 10)')
    .option('--max-wer-rise <points>', 'by which the word error rate may rise, where there are texts (default: 1)')
    .option('--max-logprob-drop <number>', 'by which the average log-probability may fall (default: 0.05)')
    .option('--json', 'as a JSON object')
    .addHelpText(
      'after',
      `
Examples:
  paradox models verify base
  paradox models verify freds0 --language pt reunioes/*.wav
  DTYPE=int8 paradox models verify lite_asr --json interview.m4a

Nothing is changed: where something is worse than the limits, the last lines say what to set.
Exit code: 0 within the limits, 1 worse, or something failed, 2 wrong arguments or settings, 130 Ctrl-C.`,
    )
    .action(async (id: string, files: string[], _options: VerifyFlags, command: Command) => {
      const flags: VerifyFlags = command.optsWithGlobals()
      await run(async (signal) => (await import('../verify/verify.ts')).verify(id, files, flags, { output, signal }))
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

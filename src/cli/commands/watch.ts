import type { Command } from 'commander'
import { formatFlag, tableFlags } from '../transcription/flags.ts'
import type { WatchFlags } from '../watch/watch.ts'
import { output, runUntilSignal } from './run.ts'
import { addModelFlags } from './transcribe.ts'

export function addWatch(program: Command): void {
  const command = program
    .command('watch')
    .description('transcribe every recording that comes into a folder, and again when it changes')
    .argument('<folder>', 'where recordings come; those that lie there are taken too')
    .addOption(formatFlag('as for transcribe; each recording gets a file in each'))
    .option('--output-dir <folder>', 'where the transcripts go (default: beside their recordings)')
    .option('--recursive', 'also what comes into the folders in it')
    .option('--settle <seconds>', 'a file that has not changed for so long is taken for whole (default: 10)')
    .option('--jobs <1..64>', 'recordings at a time (default: 1)')
  addModelFlags(command)
  for (const option of tableFlags()) command.addOption(option)
  command
    .addHelpText(
      'after',
      `
A recording is done once, also after a restart where its transcripts are there. One that grows or is replaced later is
transcribed again, and its transcripts are replaced, unless somebody has changed them, which is told.
What was done is kept in .paradox-watch.json beside the transcripts.

A recording that cannot be read is tried again when it changes, and after a restart. All other failures (service, hub, engine,
device, full disk) are tried again by themselves, with pauses that double up to five minutes, until they pass.

Examples:
  paradox watch inbox
  paradox watch --output-dir texts --format srt,json --model base inbox
  paradox watch --server http://localhost:8000 --recursive inbox

Exit code: 0 after Ctrl-C or SIGTERM, 1 the folder is not there, 2 wrong arguments or settings.`,
    )
    .action(async (folder: string, flags: WatchFlags) => {
      await runUntilSignal(async (signal) => {
        const { watchFolder } = await import('../watch/watch.ts')
        await watchFolder(folder, flags, { output, signal })
      })
    })
}

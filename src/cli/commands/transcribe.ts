import type { Command } from 'commander'
import { formatFlag, type TranscribeFlags, tableFlags } from '../transcription/flags.ts'
import { output, run } from './run.ts'

export function addTranscribe(program: Command): void {
  const command = program
    .command('transcribe')
    .description('write down what is said in audio or video files')
    .argument(
      '<file...>',
      'audio or video that ffmpeg reads, folders with --recursive, patterns, - for standard input; names that begin with - go after --',
    )
    .addOption(formatFlag('text, json, jsonl, srt, vtt, tsv, verbose_json; several with commas, or by repeating it'))
    .option('--output-dir <folder>', 'write files there, in the sub-folders of their recordings, instead of printing')
    .option('--skip-existing', 'leave out recordings whose outputs are there, with --output-dir')
    .option('--overwrite', 'replace outputs that are there, with --output-dir')
    .option('--recursive', 'take the recordings of folders and of the folders in them')
    .option('--jobs <1..64>', 'recordings at a time (default: 1)')
    .option('--quiet', 'tell only failures')
  addModelFlags(command)
  for (const option of tableFlags()) command.addOption(option)
  command
    .addHelpText(
      'after',
      `
Formats:
  text          the text only; of several files, each under a line "==> file <==", failures on standard error
  jsonl         a line per file, in order, as soon as it is done:
                {"file","model","language","duration","text"}, or {"file","model","error"}
  json          the same object, indented; of several files an array of them, each as soon as it is done
  srt, vtt      subtitles of one file
  tsv           start and end in milliseconds, and text, of one file
  verbose_json  everything that is known of one file: segments, statistics, and words with --word-timestamps

With --output-dir every recording gets a file in each format: talk.txt, .json, .jsonl, .srt, .vtt, .tsv, .verbose.json.
Without --skip-existing or --overwrite a recording with an output that is there is a failure.

docs/options.md has the rules between the options. Those that are true or false also take a value: --vad-filter=false.

Examples:
  paradox transcribe --model base --language pt entrevista.ogg
  paradox transcribe --model base --format jsonl *.mp3 > texts.jsonl
  paradox transcribe --recursive --output-dir texts --format srt,json --skip-existing recordings
  paradox transcribe --output-dir texts --jobs 4 'recordings/**/*.m4a'
  paradox transcribe --server http://localhost:8000 meeting.m4a
  ffmpeg -i talk.mkv -f wav - | paradox transcribe -

The model is loaded once. A file that fails does not stop the others. Ctrl-C keeps what is finished.
Exit code: 0 all files succeeded, 1 one or more failed, 2 wrong arguments or settings, 130 Ctrl-C, 143 SIGTERM.`,
    )
    .action(async (files: string[], flags: TranscribeFlags) => {
      await run(async (signal) => {
        const { transcribe } = await import('../transcription/transcribe.ts')
        return await transcribe(files, flags, { output, signal })
      })
    })
}

/** Which model, in which language, and where. */
export function addModelFlags(command: Command): void {
  command
    .option('--model <id>', 'id of `paradox models`, hub repository or folder (default: DEFAULT_MODEL_ID, else freds0)')
    .option(
      '--language <language>',
      'name or code, such as pt or portuguese; auto: detected (default: as the model has it)',
    )
    .option('--server <url>', 'let a running service transcribe, by its models (default: its own) and its settings')
    .option('--api-key <key>', 'of the service (default: PARADOX_API_KEY)')
}

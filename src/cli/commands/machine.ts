/** The commands that look at the machine: `devices`, `doctor`, `bench`. */

import type { Command } from 'commander'
import type { BenchFlags } from '../bench/bench.ts'
import { output, print, run } from './run.ts'

interface JsonFlag {
  readonly json?: boolean
}

export function addMachine(program: Command): void {
  program
    .command('devices')
    .description('processor, memory, and the devices that models can run on, or why not')
    .option('--json', 'as a JSON object')
    .addHelpText('after', '\nExamples:\n  paradox devices\n  DEVICE=cuda:1 paradox devices')
    .action(async (options: JsonFlag) => {
      await print(async () => (await import('../machine/devices.ts')).listDevices(options))
    })

  program
    .command('doctor')
    .description('check everything that is needed, and say what to do where something is missing')
    .option('--json', 'as a JSON array')
    .addHelpText(
      'after',
      `
Examples:
  paradox doctor
  PORT=9000 DEVICE=cuda:0 paradox doctor

Exit code: 0 nothing failed (warnings may remain), 1 a check failed, 2 a setting is wrong.`,
    )
    .action(async (options: JsonFlag) => {
      await run(async () => (await import('../machine/doctor.ts')).examine(options, output))
    })

  program
    .command('bench')
    .description('measure how fast models are on this machine')
    .argument('[id...]', 'as for --model of transcribe (default: all whose files are on this machine)')
    .option('--recording <file>', 'transcribe this one (default: half a minute of generated sound)')
    .option('--language <language>', 'that is spoken in it (default: detected)')
    .option('--runs <1..100>', 'of which the median counts (default: 3)')
    .option('--svg <file>', 'draw the result there, too; replaces the file')
    .option('--json', 'as a JSON array')
    .addHelpText(
      'after',
      `
Examples:
  paradox bench
  paradox bench base --recording meeting.m4a --svg speed.svg

Exit code: 0 all were measured, 1 one or more failed, 2 wrong arguments or settings, 130 Ctrl-C.`,
    )
    .action(async (ids: string[], flags: BenchFlags) => {
      await run(async (signal) => (await import('../bench/bench.ts')).bench(ids, flags, { output, signal }))
    })
}

/** The command line: reads the arguments, runs one command, turns its end into an exit code. */

import { CommanderError } from 'commander'
import { receiveSecrets } from '../processes/secrets.ts'
import { output } from './commands/run.ts'
import { describeFailure, EXIT, exitCodeOf } from './exit-codes.ts'
import { withoutAssignedSwitches } from './option-flags.ts'
import { createProgram } from './program.ts'
import { optionGroups } from './transcription/flags.ts'

receiveSecrets()
try {
  const infos = optionGroups().flatMap((group) => group.infos)
  const args = withoutAssignedSwitches(process.argv.slice(2), infos)
  await createProgram().parseAsync(args, { from: 'user' })
} catch (error) {
  if (error instanceof CommanderError) {
    // commander has already printed its message.
    process.exitCode = error.exitCode === 0 ? EXIT.success : EXIT.usage
  } else {
    output.stderr(`paradox: ${describeFailure(error)}\n`)
    process.exitCode = exitCodeOf(error)
  }
}

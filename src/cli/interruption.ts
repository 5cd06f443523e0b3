/** The end of a command from outside: Ctrl-C, SIGTERM, or a reader of its output that went away (`| head`). */

import { EXIT } from './exit-codes.ts'

export interface Interruption {
  readonly signal: AbortSignal
  /** The exit code that tells what happened; undefined while nothing has. */
  readonly exitCode: number | undefined
}

const SIGNALS = { SIGINT: EXIT.interrupted, SIGTERM: EXIT.terminated } as const

/** The first signal aborts and lets the command clean up; the second ends the process at once. */
export function listenForInterruption(): Interruption {
  const controller = new AbortController()
  let exitCode: number | undefined
  const interrupt = (code: number) => {
    exitCode ??= code
    controller.abort()
  }
  for (const [name, code] of Object.entries(SIGNALS)) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(code)
      if (name === 'SIGINT') eraseEcho()
      interrupt(code)
    })
  }
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return interrupt(EXIT.readerGone)
    process.stderr.write(`paradox: the result could not be written (${error.code})\n`)
    interrupt(EXIT.failure)
  })
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode
    },
  }
}

/** A terminal writes Ctrl-C as ^C where the cursor is, in front of our next line. */
function eraseEcho(): void {
  if (!process.stderr.isTTY) return
  process.stderr.write(process.env.TERM === 'dumb' ? '\n' : '\r\x1b[K')
}

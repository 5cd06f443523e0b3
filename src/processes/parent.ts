/** The other side of `ForkedProcess`: what each process that it starts has to do with its parent. */

/** Asks for a sign of life, and is it: its sender knows which of the two. */
export const ALIVE = 'alive'

/**
 * Reads the parent's messages, shows it that this process is alive, and lives as long as it does.
 *
 * @param receive  gets all but the questions for a sign of life. Messages are trusted: both ends are of the same build.
 */
export function serveParent<ToChild>(receive: (message: ToChild) => void): void {
  process.on('message', (message: ToChild | typeof ALIVE) => {
    if (message === ALIVE) tellParent(ALIVE)
    else receive(message as ToChild)
  })
  process.on('disconnect', () => process.exit(0))
  // A supervisor may signal every process of the service, but only the parent knows which work is to be finished.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {})
}

/** @param sent  called in any case: a parent that has gone reads nothing. */
export function tellParent(message: NonNullable<unknown>, sent: () => void = () => {}): void {
  if (process.connected) process.send!(message, () => sent())
  else sent()
}

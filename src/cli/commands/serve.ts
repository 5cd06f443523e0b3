import type { Command } from 'commander'
import type { ServeOptions } from '../serve.ts'
import { runUntilSignal } from './run.ts'

export function addServe(program: Command): void {
  program
    .command('serve')
    .description('start the HTTP service')
    .option('--host <address>', 'address to listen on (default: HOST, else 0.0.0.0)')
    .option('--port <number>', 'port to listen on (default: PORT, else 8000)')
    .addHelpText(
      'after',
      `
Examples:
  paradox serve
  paradox serve --host 127.0.0.1 --port 9000
  PRELOAD_MODELS=base DEFAULT_MODEL_ID=base paradox serve

Everything else is set by environment variables: docs/operations.md.
Exit code: 0 after SIGTERM or Ctrl-C, 1 it could not start, 2 wrong arguments or settings.`,
    )
    .action(async (options: ServeOptions) => {
      await runUntilSignal(async (signal) => {
        const { serve } = await import('../serve.ts')
        await serve({ ...options, onListening: process.stdout.isTTY ? greet : undefined }, signal)
      })
    })
}

/** Prints the address for a person, who would look for it between lines of JSON. */
function greet({ host, port }: { readonly host: string; readonly port: number }): void {
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host
  const address = `http://${name}:${port}`
  process.stdout.write(`\nParadox ASR: the page ${address}, the API ${address}/docs; Ctrl-C ends it\n\n`)
}

/**
 * Secrets of the environment, which stay in this process. /proc shows every process of a user what another one was
 * started with, for as long as that lives: so `bin/paradox` hands them to Node by a pipe, and no child is started with
 * them. A child that needs one, as a preparation needs the hub's token, is told by a message.
 */

import { closeSync, readFileSync } from 'node:fs'

/** Those that `bin/paradox` names, too. Passwords of proxies are not among them: pip needs them where they are. */
export const SECRET_VARIABLES: readonly string[] = [
  ...['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN', 'API_KEYS', 'API_KEY', 'ADMIN_API_KEYS', 'PARADOX_API_KEY'],
  ...['OTEL_EXPORTER_OTLP_HEADERS', 'OTEL_EXPORTER_OTLP_TRACES_HEADERS'],
]

/** Names the descriptor that the launcher's pipe has. */
const FROM_LAUNCHER = 'PARADOX_SECRETS_FD'

/** Reads what the launcher has sent, once, into `env`, where settings are looked for. Does nothing without a launcher. */
export function receiveSecrets(env: NodeJS.ProcessEnv = process.env): void {
  const descriptor = env[FROM_LAUNCHER]
  if (descriptor === undefined) return
  delete env[FROM_LAUNCHER]
  const text = readFileSync(Number(descriptor), 'utf8')
  closeSync(Number(descriptor))
  // A line without a name in front goes on with the value before it, as a token may that a file's line break ended.
  for (const [, name = '', value = ''] of text.matchAll(/^(\w+)=((?:.*)(?:\n(?!\w+=).*)*)\n/gm)) {
    if (SECRET_VARIABLES.includes(name)) env[name] = value
  }
}

/** The environment for a child: all but the secrets. */
export function withoutSecrets(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !SECRET_VARIABLES.includes(name)))
}

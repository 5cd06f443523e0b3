/**
 * The folder diagram of the sources, enforced: who may import whom. Types count like values, since a type that crosses
 * folders is a dependency like any other; one row allows types alone. Tests may reach further than the code that they
 * test and are not looked at. (A script of our own: the usual tools have no parser for TypeScript 7 yet.)
 *
 *   cli, sdk ──▶ http ──▶ engine ──▶ models ──▶ inference ──▶ whisper ──▶ vad        anyone ──▶ errors, config, logger,
 *                           │          │             └──▶ compiler ──▶ checkpoint             option-table, transcript, …
 *                           │          └──▶ hub, devices, audio
 *                           └────────▶ hub, audio
 *
 * usage: scripts/node scripts/check-imports.ts
 */

import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

/** Importable from every folder; they import nothing but one another. */
const SHARED = [
  ...['errors', 'config', 'settings', 'logger', 'log-stream', 'option-table', 'schema', 'package-info', 'transcript'],
  ...['folders', 'temporary-folders', 'hub-token', 'api-keys', 'loopback', 'languages', 'language-table'],
  ...[
    'whisper-constants',
    'device-precision',
    'read-at',
    'runtime-package',
    'sentence-end',
    'unspaced-scripts',
    'frame-levels',
  ],
  ...['async', 'processes'],
]

/** folder → what it may import besides itself and SHARED. An entry with a slash is one file; `type`: no values. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(SHARED.map((name) => [name, []])),
  hub: [
    ...['checkpoint/needed-shards', 'checkpoint/json-file', 'checkpoint/published-vocabulary', 'type checkpoint'],
    ...['checkpoint/weight-form', 'checkpoint/foreign-forms'],
  ],
  audio: [],
  checkpoint: [],
  compiler: ['checkpoint'],
  vad: ['compiler/builder', 'compiler/protobuf'],
  whisper: ['vad', 'type checkpoint'],
  inference: ['whisper', 'compiler', 'checkpoint'],
  models: ['hub', 'checkpoint', 'compiler', 'inference/index', 'audio', 'vad', 'whisper'],
  devices: ['models/index'],
  engine: ['models', 'devices', 'whisper/options', 'hub', 'audio'],
  scoring: [],
  http: ['engine', 'models/registry', 'models/library', 'audio', 'whisper/options'],
  cli: [
    ...['http', 'engine', 'devices', 'hub', 'audio/index', 'whisper/options', 'scoring'],
    ...[
      'models/registry',
      'models/compiled/index',
      'models/library',
      'models/model-facts',
      'models/precision/measured-speeds',
      'models/tuning',
    ],
  ],
  // It talks to the service over HTTP, as every other client does; of the answers it knows the types.
  web: ['type http/models/model-answers', 'type http/surfaces/openai/limits-answer'],
  index: ['sdk'],
  sdk: ['engine', 'whisper/options', 'audio/index'],
}

/** package → the only places that may import it: a native library, a framework, other processes. */
const OWNERS: readonly (readonly [packages: RegExp, owners: readonly string[]])[] = [
  [/^onnxruntime-node$/, ['inference', 'vad/silero-session']],
  [/^(fastify|@fastify\/.*)$/, ['http']],
  [/^(prom-client|@opentelemetry\/.*)$/, ['http']],
  [/^(preact|@preact\/.*|preact\/.*|wavesurfer\.js|docx|fflate|idb)$/, ['web']],
  [/^vite$/, ['web/vite.config']],
  [/^undici$/, ['hub/proxied-fetch']],
  [/^commander$/, ['cli']],
  [/^(chokidar|cli-truncate|log-update|tinyglobby)$/, ['cli']],
  [/^string-width$/, ['cli', 'transcript/columns']],
  [/^node:child_process$/, ['audio', 'devices', 'hub/package-index', 'processes']],
]

/** `import … from 'x'`, `export … from 'x'`, `import 'x'`, `import('x')`. */
const IMPORT =
  /^(?:import|export) (type )?(?:[\w$*, ]+|[\w, ]*\{[^}]*\}) from '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm

const SRC = resolve(import.meta.dirname, '../src')
const problems: string[] = []
const graph = new Map<string, string[]>()

for (const file of globSync('**/*.{ts,tsx}', { cwd: SRC, exclude: ['**/*.test.ts'] }).sort()) {
  const name = nameOf(file)
  const imports: string[] = []
  graph.set(name, imports)
  for (const [, type, from, bare, dynamic] of readFileSync(join(SRC, file), 'utf8').matchAll(IMPORT)) {
    const specifier = from ?? bare ?? dynamic ?? ''
    const imported = nameOf(relative(SRC, resolve(SRC, dirname(file), specifier)))
    if (!specifier.startsWith('.')) checkOwner(name, specifier)
    else if (!imported.startsWith('..')) {
      imports.push(imported)
      checkDirection(name, imported, type !== undefined)
    }
  }
}
reportCycles()

for (const problem of problems) console.error(`✖ ${problem}`)
if (problems.length === 0) console.log(`Imports go one way in ${graph.size} files.`)
process.exitCode = problems.length === 0 ? 0 : 1

/** 'models/registry' for models/registry.ts: without the ending, as the tables above have it. */
function nameOf(file: string): string {
  return file.replace(/\.tsx?$/, '')
}

function isIn(name: string, places: readonly string[]): boolean {
  return places.some((place) => name === place || name.startsWith(`${place}/`))
}

function checkDirection(name: string, imported: string, typesOnly: boolean): void {
  const folder = name.split('/')[0]! // split gives at least one part
  const allowed = ALLOWED[folder]
  if (allowed === undefined) {
    problems.push(`src/${name}: give the folder '${folder}' its row in ALLOWED`)
    return
  }
  const places = allowed.map((place) => (typesOnly ? place.replace(/^type /, '') : place))
  if (!isIn(imported, [folder, ...places, ...SHARED])) {
    problems.push(
      `src/${name} imports src/${imported}; ${folder} may import only: ${[...allowed, ...SHARED].join(', ')}`,
    )
  }
}

function checkOwner(name: string, specifier: string): void {
  for (const [packages, owners] of OWNERS)
    if (packages.test(specifier) && !isIn(name, owners))
      problems.push(`src/${name} imports ${specifier}, which only ${owners.join(', ')} may`)
}

/** Depth first; a file that is met again while it is still open closes a cycle. */
function reportCycles(): void {
  const done = new Set<string>()
  const visit = (name: string, open: readonly string[]): void => {
    if (open.includes(name)) {
      problems.push(`a cycle: ${[...open.slice(open.indexOf(name)), name].join(' → ')}`)
    } else if (!done.has(name)) {
      for (const imported of graph.get(name) ?? []) visit(imported, [...open, name])
      done.add(name)
    }
  }
  for (const name of graph.keys()) visit(name, [])
}

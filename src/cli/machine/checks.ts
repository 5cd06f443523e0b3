/** The checks of `paradox doctor`: each gives one line, and a remedy where something is wrong. */

import { mkdtempSync, readdirSync, rmSync, statfsSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { sandboxFor } from '../../audio/index.ts'
import type { Config } from '../../config.ts'
import { chooseDevice, graphicsCards, outputOf, unusedGpu } from '../../devices/index.ts'
import { CacheSharedError } from '../../errors/index.ts'
import { sharedFolder } from '../../folders.ts'
import { certificateFault, proxiedFetch, proxyFailureIn } from '../../hub/index.ts'
import { silentLogger } from '../../logger.ts'
import { listCompiled } from '../../models/compiled/index.ts'
import { ModelLibrary } from '../../models/library.ts'
import { ModelRegistry } from '../../models/registry.ts'
import { sizeText } from '../output.ts'
import { connectionReason, unwritableReason } from '../system-errors.ts'
import { memoryFacts, processorFacts, tryDevice } from './facts.ts'

export interface Check {
  readonly name: string
  readonly status: 'ok' | 'warn' | 'fail'
  readonly message: string
  /** An instruction; undefined where nothing is to be done. */
  readonly remedy?: string | undefined
}

type Finding = Omit<Check, 'name'>

const ok = (message: string): Finding => ({ status: 'ok', message })
const warn = (message: string, remedy: string): Finding => ({ status: 'warn', message, remedy })
const fail = (message: string, remedy: string): Finding => ({ status: 'fail', message, remedy })

/** In the order in which they are told. */
export const CHECKS: Readonly<Record<string, (config: Config) => Promise<Finding> | Finding>> = {
  processor: checkProcessor,
  memory: checkMemory,
  ffmpeg: checkFfmpeg,
  sandbox: checkSandbox,
  device: checkDevice,
  hub: checkHub,
  model: checkModel,
  cache: ({ engine }) => checkCache(engine.cacheDir),
  'hub cache': ({ engine }) => checkFolder(engine.hub.cacheDir, 'HF_HOME or HF_HUB_CACHE', ''),
  uploads: ({ tempDir }) => checkFolder(tempDir, 'TEMP_DIR', ''),
  port: checkPort,
}

const OLDEST_NODE = 24

function checkProcessor(): Finding {
  const { model, cores, has8Bit } = processorFacts()
  const node = Number(process.versions.node.split('.')[0])
  if (node < OLDEST_NODE) return fail(`Node ${process.versions.node}`, `Install Node ${OLDEST_NODE} or newer.`)
  const text = `${model}, ${cores} ${cores === 1 ? 'core' : 'cores'}, Node ${process.versions.node}`
  if (has8Bit) return ok(text)
  const remedy = 'Nothing has to be done: encoders are computed in float32, which is slower.'
  return warn(`${text}; no 8-bit dot products`, remedy)
}

/** Memory of the smallest and of the default model, with some room for the system. */
const BASE_BYTES = 0.8e9
const DEFAULT_BYTES = 2e9

function checkMemory(): Finding {
  const { totalBytes, availableBytes, isLimited } = memoryFacts()
  const text = `${sizeText(availableBytes)} of ${sizeText(totalBytes)} available${isLimited ? ' in this container' : ''}`
  if (availableBytes < BASE_BYTES)
    return fail(text, 'Close other programs or raise the limit: base needs 0.6 GB, freds0 1.4 GB.')
  if (availableBytes < DEFAULT_BYTES) return warn(text, 'Use a small model (DEFAULT_MODEL_ID=base), or free memory.')
  return ok(text)
}

async function checkFfmpeg({ engine: { ffmpegPath } }: Config): Promise<Finding> {
  const version = /^ffmpeg version (\S+)/.exec((await outputOf(ffmpegPath, ['-version'])) ?? '')?.[1]
  if (version !== undefined) return ok(`${version} (${ffmpegPath})`)
  return fail(
    `'${ffmpegPath}' could not be started, or is no ffmpeg`,
    'Install ffmpeg (apt-get install ffmpeg) or set FFMPEG_PATH.',
  )
}

async function checkSandbox({ engine: { ffmpegPath, isFfmpegSandboxed } }: Config): Promise<Finding> {
  if (!isFfmpegSandboxed) return ok('ffmpeg runs without one, since FFMPEG_SANDBOX is off')
  const sandbox = await sandboxFor(ffmpegPath).catch(() => undefined)
  if (sandbox === undefined) return ok('there is no ffmpeg to keep in one')
  const { layers, missing } = sandbox
  if (layers.length === 0) {
    return warn('ffmpeg runs without one', "Have 'sh', 'unshare' and 'setpriv' (util-linux) on the PATH.")
  }
  return ok(`ffmpeg has ${layers.join('; ')}${missing.length > 0 ? `. Not here: ${missing.join('; ')}` : ''}`)
}

async function checkDevice({ engine }: Config): Promise<Finding> {
  const { device, dtype } = engine
  const { isUsable, reason } = await tryDevice(device, dtype)
  if (!isUsable) {
    return fail(
      `DEVICE=${device} cannot be used: ${reason}`,
      "Set DEVICE=cpu or auto; 'paradox devices' tells what there is.",
    )
  }
  if (device !== 'auto' && device !== 'cpu') return ok(`DEVICE=${device} can be used`)
  const cards = await graphicsCards()
  if (device === 'auto') {
    const chosen = await chooseDevice(engine, silentLogger)
    if (chosen.device !== 'cpu') return ok(`DEVICE=auto takes ${chosen.device}`)
    const unused = await unusedGpu(engine, chosen, { cards: async () => cards })
    if (unused) return warn(`${unused.message}${unused.gpu ? ` (${unused.gpu})` : ''}`, unused.remedy)
    if (cards.length > 0) {
      const remedy = "'paradox devices' tells what is missing for it."
      return warn(`the CPU, though there is ${cards[0]!.name}`, remedy)
    }
  }
  if (cards.length === 0) return ok('the CPU; no NVIDIA card with a driver is here')
  const names = cards.map(({ name }) => name).join(', ')
  return ok(`the CPU; ${names} would be used with DEVICE=cuda:0, if 'paradox devices' says that it can be`)
}

const HUB_TIMEOUT_MS = 8000

async function checkHub({ engine: { hub } }: Config): Promise<Finding> {
  if (hub.offline) return ok('not asked, since HF_HUB_OFFLINE is set')
  const name = new URL(hub.endpoint).host
  const path = hub.token === undefined ? '/api/models/openai/whisper-tiny' : '/api/whoami-v2'
  try {
    const { status } = await proxiedFetch(hub.proxies, `${hub.endpoint}${path}`, {
      headers: hub.token === undefined ? {} : { authorization: `Bearer ${hub.token}` },
      signal: AbortSignal.timeout(HUB_TIMEOUT_MS),
    })
    if (status === 401 || status === 403) {
      return warn(
        `${name} answers, but refuses ${hub.token === undefined ? 'us' : `the token of ${hub.tokenSource}`}`,
        'Set HF_TOKEN to a valid token, or remove it: public repositories need none.',
      )
    }
    if (status >= 500) return warn(`${name} answers with status ${status}`, 'Try again later.')
    return ok(`${name} answers`)
  } catch (error) {
    const untrusted = certificateFault(error)
    if (untrusted !== undefined) {
      const remedy = "Set NODE_EXTRA_CA_CERTS to a PEM file with the certificate of your proxy's or hub's authority."
      return warn(`${name} is answered for with a certificate that is not trusted (${untrusted})`, remedy)
    }
    const proxy = proxyFailureIn(error)
    if (proxy) {
      const remedy = `Check the address in ${proxy.variable}, its user and its password, or name ${name} in NO_PROXY.`
      return warn(`the proxy of ${proxy.variable} ${proxy.what}`, remedy)
    }
    const { cause, name: kind } = error as Error & { cause?: NodeJS.ErrnoException }
    const reason = kind === 'TimeoutError' ? 'no answer in time' : connectionReason(cause?.code)
    const remedy = 'Models that are here still work. For others check the network, HTTPS_PROXY and HF_ENDPOINT.'
    return warn(`${name} does not answer (${reason})`, remedy)
  }
}

async function checkModel({ models, engine }: Config): Promise<Finding> {
  const registry = ModelRegistry.load(models)
  const entry = registry.find(models.defaultId)
  if (!entry)
    return fail(`there is no model '${models.defaultId}'`, "Set DEFAULT_MODEL_ID to an id of 'paradox models'.")
  const library = new ModelLibrary({ registry, settings: engine, logger: silentLogger })
  if (await library.isComplete(entry)) return ok(`${entry.id}, the default, is on this machine`)
  const here: string[] = []
  for (const other of registry.list()) if (await library.isComplete(other)) here.push(other.id)
  const others = here.length > 0 ? ` Here are: ${here.join(', ')} (--model, DEFAULT_MODEL_ID).` : ''
  return warn(
    `${entry.id}, the default, is not on this machine`,
    `It is downloaded at its first use; 'paradox models pull ${entry.id}' does it now.${others}`,
  )
}

const LOW_SPACE_BYTES = 5e9
const NO_SPACE_BYTES = 0.5e9

/** Whether a folder, or the one that it would be made in, can be written, and what room there is. */
function checkFolder(folder: string, setting: string, contents: string): Finding {
  const existing = nearestExisting(folder)
  try {
    rmSync(mkdtempSync(join(existing, '.paradox-doctor-')), { recursive: true })
  } catch (error) {
    const reason = unwritableReason(error)
    return fail(`${folder} cannot be written (${reason})`, `Set ${setting} to a folder that this user can write to.`)
  }
  const { bavail, bsize } = statfsSync(existing)
  const text = `${folder}${contents}, ${sizeText(bavail * bsize)} free`
  if (bavail * bsize < NO_SPACE_BYTES) return fail(text, `Free disk space, or set ${setting} to a larger disk.`)
  if (bavail * bsize < LOW_SPACE_BYTES)
    return warn(text, `A large model takes 1 to 7 GB: free space, or set ${setting}.`)
  return ok(text)
}

function checkCache(folder: string): Finding {
  const shared = sharedFolder(folder, 'compiled')
  if (shared === undefined) return checkFolder(folder, 'PARADOX_CACHE_DIR', compiledText(folder))
  const { message, remedy } = new CacheSharedError(shared)
  return fail(`${shared}: ${message}`, remedy)
}

/** A file where a file is in the way. */
function nearestExisting(folder: string): string {
  let existing = folder
  while (!statSync(existing, { throwIfNoEntry: false }) && dirname(existing) !== existing) existing = dirname(existing)
  return existing
}

function compiledText(cacheDir: string): string {
  try {
    readdirSync(cacheDir)
  } catch {
    return '' // it is not there yet, or is told as one that cannot be written
  }
  const compiled = listCompiled(cacheDir)
  const bytes = compiled.reduce((sum, model) => sum + model.bytes, 0)
  return `, ${compiled.length} compiled ${compiled.length === 1 ? 'model' : 'models'} (${sizeText(bytes)})`
}

async function checkPort({ host, port }: Config): Promise<Finding> {
  if (port === 0) return ok('a free one, since PORT is 0')
  const code = await listenCode(host, port)
  if (code === undefined) return ok(`${host}:${port} is free`)
  if (code === 'EADDRINUSE') {
    if (await isOurs(port)) return ok(`a Paradox service answers at ${host}:${port}`)
    return fail(`${host}:${port} is in use by another program`, 'Stop it, or set PORT to another one.')
  }
  return fail(
    `${host}:${port} cannot be listened on (${code})`,
    'Set HOST to an address of this machine, PORT to one above 1023.',
  )
}

async function listenCode(host: string, port: number): Promise<string | undefined> {
  return await new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen(port, host, () => server.close(() => resolve(undefined)))
  })
}

async function isOurs(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/health`, { signal: AbortSignal.timeout(2000) })
    const body: unknown = await response.json()
    return typeof body === 'object' && body !== null && 'active_model' in body
  } catch {
    return false
  }
}

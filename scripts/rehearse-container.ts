/**
 * Rehearses the Dockerfile where there is no container daemon: its RUN, COPY, ENV, WORKDIR and USER steps are carried out
 * in a chroot of the same Debian, the service is started there by its ENTRYPOINT and CMD, its HEALTHCHECK must succeed,
 * and its STOPSIGNAL must end it with 0. What differs from a real build: the layers, the isolation, and the base image,
 * which is debootstrap's Debian with the Node of our lock file and npm's own npm.
 *
 * Needs root, debootstrap and unshare, and uses the package sources and registry settings of this machine.
 *
 * usage: scripts/node scripts/rehearse-container.ts [FOLDER]    (FOLDER: kept, and used again by the next rehearsal)
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

interface Image {
  readonly env: Record<string, string>
  workdir: string
  /** `uid:gid` of the steps and of the service. */
  user: string
  entrypoint: readonly string[]
  command: readonly string[]
  healthcheck: readonly string[]
  stopSignal: NodeJS.Signals
}

const ROOT = resolve(import.meta.dirname, '..')
const BASE_IMAGE = 'node:24.21.0-trixie-slim@sha256:8ec5d7557396cfe32d21c3f9c13072355ceab22b584578ca4bb28af31120cffe'
const SUITE = 'trixie'
const HEALTHY_WITHIN_MS = 60_000

/** How this machine reaches the network, as `docker build` passes its proxy settings on. */
const networkEnv = Object.fromEntries(
  ['http_proxy', 'https_proxy', 'no_proxy', 'NODE_EXTRA_CA_CERTS'].flatMap((name) =>
    process.env[name] ? [[name, process.env[name]]] : [],
  ),
)

/** Instructions of a Dockerfile, continuation lines joined and comments dropped. */
function parseDockerfile(text: string): { readonly word: string; readonly rest: string }[] {
  return text
    .replace(/^\s*#.*\n/gm, '')
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, word, rest] = /^(\w+)\s+(.*)$/.exec(line.trim()) ?? []
      if (word === undefined || rest === undefined) throw new Error(`not a Dockerfile instruction: ${line}`)
      return { word, rest }
    })
}

/** Debian with Node and npm at the places where the official image has them. */
function makeBase(root: string): void {
  console.log(`rehearsal: making a base like ${BASE_IMAGE}`)
  const mirror = process.env.DEBIAN_MIRROR ? [process.env.DEBIAN_MIRROR] : [] // else debootstrap's own default
  quietly('debootstrap', ['--variant=minbase', '--include=ca-certificates', SUITE, root, ...mirror])

  // The sources, certificates and registries of this machine, wherever they point to.
  const folders = ['/etc/apt', '/etc/ssl/certs', '/usr/share/ca-certificates', '/usr/local/share/ca-certificates']
  const files = ['/etc/resolv.conf', '/etc/hosts', '/etc/npmrc', '/usr/etc/npmrc', join(homedir(), '.npmrc')]
  for (const path of folders) if (existsSync(path)) quietly('cp', ['--archive', '--parents', path, root])
  takeSuite(join(root, 'etc/apt'))
  for (const path of files) if (existsSync(path)) quietly('cp', ['--dereference', '--parents', path, root])

  cpSync(process.execPath, join(root, 'usr/local/bin/node'))
  quietly('npm', ['install', '--global', '--prefix', join(root, 'usr/local'), 'npm@11'])
}

/** This machine may be of another Debian, whose packages would not fit. */
function takeSuite(folder: string): void {
  const [, own] = /^VERSION_CODENAME=(\w+)$/m.exec(readFileSync('/etc/os-release', 'utf8')) ?? []
  if (own === undefined) return
  for (const path of globSync('sources.list{,.d/*}', { cwd: folder }).map((name) => join(folder, name))) {
    if (!statSync(path).isFile()) continue
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll(new RegExp(`\\b${own}\\b`, 'g'), SUITE))
  }
}

/**
 * Carries out the steps of every stage and returns what the image would remember. Stages before the last have a copy of
 * the base beside it, which goes when the image is built.
 */
function build(root: string, dockerfile: string): Image {
  const steps = parseDockerfile(dockerfile)
  const starts = steps.flatMap(({ word }, i) => (word === 'FROM' ? [i] : []))
  const stages = new Map<string, string>()
  try {
    for (const [i, start] of starts.entries()) {
      const [, base, name] = /^(\S+)(?: AS (\S+))?$/i.exec(steps[start]!.rest) ?? [] // an index of a step
      if (base !== BASE_IMAGE) throw new Error(`the rehearsal knows only ${BASE_IMAGE}, not ${steps[start]!.rest}`)
      const stage = steps.slice(start, starts[i + 1])
      if (i === starts.length - 1) return carryOut(root, stage, stages)
      const copy = mkdtempSync(join(tmpdir(), 'paradox-stage-'))
      stages.set(name ?? String(i), copy)
      quietly('cp', ['--archive', `${root}/.`, copy])
      carryOut(copy, stage, stages)
    }
    throw new Error('the Dockerfile has no stage')
  } finally {
    for (const copy of stages.values()) rmSync(copy, { recursive: true, force: true })
  }
}

type Steps = ReturnType<typeof parseDockerfile>

/** @param stages  roots of the stages before this one, by name. */
function carryOut(root: string, steps: Steps, stages: ReadonlyMap<string, string>): Image {
  const image: Image = {
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root' },
    workdir: '/',
    user: '0:0',
    entrypoint: [],
    command: [],
    healthcheck: [],
    stopSignal: 'SIGTERM',
  }
  for (const { word, rest } of steps) {
    console.log(`rehearsal: ${word} ${rest.replace(/\s+/g, ' ').slice(0, 100)}`)
    switch (word) {
      case 'FROM':
        break // its root is there
      case 'RUN':
        quietly(...inside(root, image, ['/bin/sh', '-c', rest]))
        break
      case 'COPY':
        copy(root, image, rest.split(/\s+/), stages)
        break
      case 'WORKDIR':
        image.workdir = rest
        mkdirSync(join(root, rest), { recursive: true })
        break
      case 'USER':
        image.user = rest
        break
      case 'ENV':
        for (const pair of rest.split(/\s+/))
          image.env[pair.slice(0, pair.indexOf('='))] = pair.slice(pair.indexOf('=') + 1)
        break
      case 'ENTRYPOINT':
        image.entrypoint = JSON.parse(rest) as string[]
        break
      case 'CMD':
        image.command = JSON.parse(rest) as string[]
        break
      case 'HEALTHCHECK':
        image.healthcheck = JSON.parse(rest.slice(rest.indexOf('CMD') + 3)) as string[]
        break
      case 'STOPSIGNAL':
        image.stopSignal = rest as NodeJS.Signals
        break
      case 'EXPOSE':
        break
      default:
        throw new Error(`the rehearsal does not know ${word}`)
    }
  }
  return image
}

function copy(root: string, image: Image, given: readonly string[], stages: ReadonlyMap<string, string>): void {
  const [, stage] = /^--from=(\S+)$/.exec(given[0] ?? '') ?? []
  const from = stage === undefined ? ROOT : stages.get(stage)
  if (from === undefined) throw new Error(`the rehearsal knows no stage ${stage}`)
  const words = stage === undefined ? given : given.slice(1)
  const target = resolve(image.workdir, words.at(-1)!) // a COPY has at least a source and a target
  for (const source of words.slice(0, -1)) {
    const into = words.length > 2 || words.at(-1)!.endsWith('/') ? join(target, source.split('/').at(-1)!) : target
    // The one rule of .dockerignore that reaches into the copied folders.
    const filter = (path: string) => !path.endsWith('.test.ts')
    cpSync(join(from, source), join(root, into), { recursive: true, force: true, filter })
  }
}

/**
 * Program and arguments that run `command` in the image. The mounts live in a namespace of their own and go with the
 * process, however it ends; every step is an exec, so the process that is started is the command itself.
 */
function inside(root: string, image: Image, command: readonly string[]): [string, string[]] {
  const enter = 'mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" && cd "$1" && shift && exec chroot "$@"'
  const env = Object.entries({ ...networkEnv, ...image.env }).map(([name, value]) => `${name}=${value}`)
  const program = ['/usr/bin/env', '-i', `--chdir=${image.workdir}`, ...env, ...command]
  return ['unshare', ['--mount', 'sh', '-c', enter, 'sh', root, `--userspec=${image.user}`, '.', ...program]]
}

/** Runs a step; what it printed is shown only where it fails. */
function quietly(program: string, args: readonly string[]): void {
  const { status, error, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1e8 })
  if (error) throw new Error(`${program} is not installed (Debian: apt-get install ${program})`, { cause: error })
  if (status !== 0)
    throw new Error(`${program} ended with ${status}:
${`${stdout}
${stderr}`
  .trim()
  .slice(-2000)}`)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0)
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

async function untilHealthy(service: ChildProcess, root: string, image: Image): Promise<void> {
  const deadline = Date.now() + HEALTHY_WITHIN_MS
  while (service.exitCode === null && Date.now() < deadline) {
    const check = spawn(...inside(root, image, image.healthcheck), { stdio: 'ignore' })
    const [code] = (await once(check, 'exit')) as [number | null]
    if (code === 0) return
    await new Promise((done) => setTimeout(done, 500))
  }
  throw new Error('the service did not become healthy')
}

async function rehearse(root: string): Promise<void> {
  if (!existsSync(join(root, 'usr/local/bin/npm'))) makeBase(root)
  const image = build(root, readFileSync(join(ROOT, 'Dockerfile'), 'utf8'))

  image.env.PORT = String(await freePort())
  const service = spawn(...inside(root, image, [...image.entrypoint, ...image.command]), { stdio: 'inherit' })
  try {
    await untilHealthy(service, root, image)
    const answer = await fetch(`http://127.0.0.1:${image.env.PORT}/health`)
    console.log(`rehearsal: healthy; GET /health says ${await answer.text()}`)

    const ended = once(service, 'exit')
    service.kill(image.stopSignal)
    const [code, signal] = (await ended) as [number | null, string | null]
    if (code !== 0) throw new Error(`after ${image.stopSignal} the service ended with ${code ?? signal} instead of 0`)
    console.log(`rehearsal: ${image.stopSignal} ended the service with 0`)
  } finally {
    if (service.exitCode === null) service.kill('SIGKILL')
  }
}

if (process.getuid?.() !== 0) {
  console.error("The rehearsal makes a chroot: run it as root, for example 'sudo make rehearse'.")
  process.exit(2)
}
const kept = process.argv[2]
const root = kept === undefined ? mkdtempSync(join(tmpdir(), 'paradox-container-')) : resolve(kept)
try {
  await rehearse(root)
} catch (error) {
  console.error(`rehearsal: ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
} finally {
  if (kept === undefined) rmSync(root, { recursive: true, force: true })
}

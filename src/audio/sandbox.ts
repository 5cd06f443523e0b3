/**
 * What keeps ffmpeg from doing more than reading one file, where the system has it. Programs of util-linux set it up and
 * become ffmpeg (exec), so its process id, its streams and its end are those of the process that was started. What works
 * is tried once: containers mostly forbid namespaces, Landlock needs util-linux 2.40, and macOS has the limits alone.
 */

import { execFile } from 'node:child_process'
import { accessSync, constants, existsSync, realpathSync, statSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'

/** What a run of ffmpeg may use at most. */
export interface SandboxLimits {
  /** Of processor time; a decoder that never ends is killed then. */
  readonly cpuSeconds: number
}

export interface Sandbox {
  /** The layers that are in force here, in words. */
  readonly layers: readonly string[]
  /** Those that this system has not. */
  readonly missing: readonly string[]
  /** Program and arguments that run ffmpeg with `args`, in which it may read the file at `path`. */
  command(path: string, args: readonly string[], limits: SandboxLimits): readonly [program: string, args: string[]]
}

/** Of ffmpeg's address space. It needs 0.5 GB, most of it the reserves of its threads, and `-max_alloc` for one block. */
const MEMORY_BYTES = 2 * 1024 ** 3
/** The recording, the pipes, and its libraries while they are loaded. */
const MOST_OPEN_FILES = 64
const TRIAL_TIMEOUT_MS = 5000

const LAYERS = {
  limits: 'limits on memory, processor time and files',
  network: 'no network',
  privileges: 'no privileges to gain',
  files: 'no file but the recording',
} as const

/** A shell's own limits, so that no program is needed for them. One that the system refuses is left as it was. */
const SET_LIMITS = [
  'set_limit() { ulimit "$@" 2>/dev/null; }',
  // No core, which would hold the recording; and no byte into any file, for it writes to a pipe.
  `set_limit -c 0; set_limit -f 0; set_limit -n ${MOST_OPEN_FILES}; set_limit -v ${MEMORY_BYTES / 1024}`,
  'set_limit -t "$1"; shift; exec "$@"',
].join('\n')

const found = new Map<string, Promise<Sandbox>>()

/**
 * The layers that work here, found out once for each ffmpeg.
 *
 * @param ffmpegPath  its path, or a name to be looked up in PATH.
 * @throws {Error} when there is no such program.
 */
export async function sandboxFor(ffmpegPath: string): Promise<Sandbox> {
  const program = programFile(ffmpegPath)
  if (program === undefined) throw new Error(`there is no program '${ffmpegPath}'`)
  const sandbox = found.get(program) ?? findSandbox(program)
  found.set(program, sandbox)
  return await sandbox
}

async function findSandbox(program: string): Promise<Sandbox> {
  const readable = readableBy(program)
  // With ffmpeg itself, since some do not start so: a snap needs its privileges, and libraries may lie anywhere.
  const trial = [program, '-version']
  const withoutPowers = [...NO_NEW_PRIVILEGES, ...ROOT_WITHOUT_ROOTS_POWERS]
  const privileges = isRoot() && (await works([...withoutPowers, ...trial])) ? withoutPowers : NO_NEW_PRIVILEGES
  const withFiles = (path?: string) => [
    ...privileges,
    ...landlock(path === undefined ? readable : [...readable, [path, 'read-file']]),
  ]
  const trials = await Promise.all([
    works(['sh', '-c', SET_LIMITS, 'sh', String(TRIAL_TIMEOUT_MS / 1000), ...trial]),
    works([...NO_NETWORK, ...trial]),
    works([...privileges, ...trial]),
    works([...withFiles(), ...trial]),
  ])
  // A machine that was too busy to tell is asked again for the next recording.
  if (trials.includes(undefined)) found.delete(program)
  const [hasLimits = false, hasNetwork = false, hasPrivileges = false, hasFiles = false] = trials
  const has = { limits: hasLimits, network: hasNetwork, privileges: hasPrivileges || hasFiles, files: hasFiles }
  const names = Object.keys(LAYERS) as (keyof typeof LAYERS)[] // its own keys
  return {
    layers: names.filter((name) => has[name]).map((name) => LAYERS[name]),
    missing: names.filter((name) => !has[name]).map((name) => LAYERS[name]),
    command: (path, args, { cpuSeconds }) => {
      const [first = '', ...rest] = [
        ...(hasLimits ? ['sh', '-c', SET_LIMITS, 'sh', String(Math.ceil(cpuSeconds))] : []),
        ...(hasNetwork ? NO_NETWORK : []),
        ...(hasFiles ? withFiles(resolve(path)) : hasPrivileges ? privileges : []),
        program,
        ...args,
      ]
      return [first, rest]
    },
  }
}

const isRoot = () => process.getuid?.() === 0

/**
 * Root needs no user namespace, and keeps the right to read what is another user's: `sudo paradox transcribe` may. Other
 * users get a namespace of their own first, which also hides the environments of their other processes.
 */
const NO_NETWORK = ['unshare', ...(isRoot() ? [] : ['--user', '--map-current-user']), '--net', '--']
/** It ends with the process that reads from it, also where it is stopped and would not see that its pipe is closed. */
const NO_NEW_PRIVILEGES = ['setpriv', '--no-new-privs', '--pdeathsig', 'KILL']
/** A container's root may not have the right to do that. */
const ROOT_WITHOUT_ROOTS_POWERS = ['--bounding-set=-all,+dac_read_search', '--inh-caps=-all']

type Rule = readonly [path: string, rights: string]

/** @see man 7 landlock; a rule names what stays allowed, and all else of the file system is refused. */
function landlock(rules: readonly Rule[]): string[] {
  return [
    '--landlock-access',
    'fs',
    ...rules.flatMap(([path, rights]) => ['--landlock-rule', `path-beneath:${rights}:${path}`]),
  ]
}

/** What a program needs to start: itself, the loader and the libraries. */
function readableBy(program: string): Rule[] {
  const folders = ['/usr', '/lib', '/lib32', '/lib64', ...(process.env.LD_LIBRARY_PATH ?? '').split(':')]
  const files = ['/etc/ld.so.cache', '/etc/ld-musl-x86_64.path', '/etc/ld-musl-aarch64.path']
  return [
    ...folders
      .filter((path) => path !== '' && existsSync(path))
      .map((path): Rule => [path, 'execute,read-file,read-dir']),
    ...files.filter((path) => existsSync(path)).map((path): Rule => [path, 'read-file']),
    [realpathSync(program), 'execute,read-file'],
  ]
}

/** Whether the command ends well; undefined when it has not ended in time. */
function works([program = '', ...args]: readonly string[]): Promise<boolean | undefined> {
  return new Promise((done) => {
    const options = { timeout: TRIAL_TIMEOUT_MS, killSignal: 'SIGKILL', env: ffmpegEnvironment() } as const
    execFile(program, args, options, (error) => done(error?.killed ? undefined : error === null))
  })
}

/** Enough to find the program and its libraries; neither tokens nor FFREPORT, which would make it write files. */
export function ffmpegEnvironment(): NodeJS.ProcessEnv {
  const passed = ['PATH', 'HOME', 'LD_LIBRARY_PATH']
  return Object.fromEntries(passed.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])))
}

function programFile(name: string): string | undefined {
  const folders = name.includes('/') ? [''] : (process.env.PATH ?? '').split(delimiter)
  return folders.map((folder) => (folder === '' ? resolve(name) : join(folder, name))).find(isProgram)
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/** True when a program that sets up a layer has failed, so that ffmpeg was never started; ffmpeg's own lines begin with a level. */
export function hasSandboxFailed(stderr: string): boolean {
  return /^(?:[/\w]*\/)?(?:sh|unshare|setpriv): /.test(stderr)
}

import assert from 'node:assert/strict'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { basename, extname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { tempFolder } from '../../../test/helpers/rigs/temp-folder.ts'
import {
  type CutOff,
  SETTLE_MS,
  textOf,
  type WatchedFolder,
  watchedFolder,
} from '../../../test/helpers/rigs/watched-folder.ts'
import { until } from '../../../test/helpers/until.ts'
import { wavHeader } from '../../audio/index.ts'
import { EngineCrashedError } from '../../errors/index.ts'
import { JOURNAL_NAME } from './journal.ts'

/** Two of them would write the same output. */
const NAMES = ['a.wav', 'b.wav', 'b.mp3'] as const
type Name = (typeof NAMES)[number]

const name = fc.constantFrom<Name>('a.wav', 'a.wav', 'a.wav', 'b.wav', 'b.mp3')
const isBad = fc.constantFrom(false, false, false, true)
const step = <Do extends string>(weight: number, what: readonly Do[], more: Parameters<typeof fc.record>[0] = {}) => ({
  weight,
  arbitrary: fc.record({ do: fc.constantFrom(...what), ...more }),
})
const STEP = fc.oneof(
  step(12, ['pass'], { ms: fc.constantFrom(200, 1000, 4000) }),
  step(9, ['write', 'append', 'replace'], { name, isBad }),
  step(2, ['rename'], { name, to: name }),
  step(3, ['remove', 'delete output', 'edit output'], { name }),
  step(2, ['block outputs', 'free outputs']),
  step(3, ['break engine', 'mend engine']),
  step(2, ['kill']),
  step(2, ['kill at writing'], { cutOff: fc.constantFrom<CutOff>('before outputs', 'after outputs') }),
  step(1, ['break journal', 'lose journal']),
)
type Step = Readonly<Record<'do', string>> & {
  readonly name?: Name
  readonly to?: Name
  readonly ms?: number
  readonly isBad?: boolean
  readonly cutOff?: CutOff
}

/** Carries out steps, and keeps what the result is judged by. */
class Scene {
  readonly watched: WatchedFolder
  readonly #folder: string
  /** By name of a recording, the number of lines when it last changed. */
  readonly #changedAt = new Map<string, number>()
  /** Outputs that a person has written, and what. */
  readonly #edited = new Map<string, string>()
  /** Stems whose outputs are no longer known, or shared: a line is enough for them. */
  readonly #excused = new Set<string>()
  #nContents = 0
  #wasBlocked = false
  #hasLostOutputs = false

  constructor(folder: string) {
    this.#folder = folder
    this.watched = watchedFolder(folder)
  }

  async do(step: Step): Promise<void> {
    const { watched } = this
    const path = join(watched.in, step.name ?? '')
    switch (step.do) {
      case 'pass':
        return await watched.pass(step.ms!)
      case 'write':
        return this.#change(step.name!, () => writeFileSync(path, this.#contents(step.isBad)))
      case 'append':
        return this.#change(step.name!, () => appendFileSync(path, this.#contents(step.isBad)))
      case 'replace':
        return this.#change(step.name!, () => {
          writeFileSync(join(this.#folder, 'new'), this.#contents(step.isBad))
          renameSync(join(this.#folder, 'new'), path)
        })
      case 'rename':
        if (!existsSync(path) || step.name === step.to) return
        renameSync(path, join(watched.in, step.to!))
        return this.#change(step.to!, () => {})
      case 'remove':
        return rmSync(path, { force: true })
      case 'delete output':
        if (this.#isBlocked) return
        this.#edited.delete(this.#output(step.name!))
        this.#hasLostOutputs = true
        return rmSync(this.#output(step.name!), { force: true })
      case 'edit output':
        if (this.#isBlocked) return
        mkdirSync(watched.out, { recursive: true })
        this.#excused.add(stemOf(step.name!))
        this.#edited.set(this.#output(step.name!), `edited ${this.#contents()}`)
        return writeFileSync(this.#output(step.name!), this.#edited.get(this.#output(step.name!))!)
      case 'block outputs':
        return this.#block()
      case 'free outputs':
        return this.#free()
      case 'break engine':
        watched.failure = new EngineCrashedError('echo', 'SIGKILL')
        return
      case 'mend engine':
        watched.failure = undefined
        return
      case 'kill':
        return await watched.restart()
      case 'kill at writing':
        watched.cutOff = step.cutOff
        return
      case 'break journal':
      case 'lose journal':
        return this.#spoilJournal(step.do === 'break journal')
      default:
        assert.fail(step.do)
    }
  }

  /** In the end every recording has the transcript of its last contents, or a line said why not. */
  async judge(): Promise<void> {
    const { watched } = this
    this.#free()
    watched.failure = undefined
    watched.cutOff = undefined
    if (this.#hasLostOutputs) await watched.restart()
    await watched.rest()
    for (const [path, contents] of this.#edited)
      assert.equal(readFileSync(path, 'utf8'), contents, 'what a person wrote')
    for (const recording of readdirSync(watched.in)) {
      const contents = readFileSync(join(watched.in, recording), 'utf8')
      const output = this.#output(recording)
      if (existsSync(output) && readFileSync(output, 'utf8') === `${textOf(contents)}\n`) continue
      const said = watched.lines.slice(this.#changedAt.get(recording)!)
      const why = said.filter((line) => line.startsWith(`paradox: ${recording}: `))
      const mayFail = contents.startsWith('bad') || this.#excused.has(stemOf(recording))
      const isAdopted = this.#excused.has(stemOf(recording)) && existsSync(output)
      assert.ok(mayFail && (why.length > 0 || isAdopted), `${recording}: ${contents}\n${watched.lines.join('\n')}`)
    }
    // What was begun in a folder that went away cannot be tidied up there.
    const unfinished = readdirSync(watched.out).filter((entry) => entry.endsWith('.partial'))
    if (!this.#wasBlocked) assert.deepEqual(unfinished, [])
  }

  #change(recording: Name, work: () => void): void {
    const sameOutput = readdirSync(this.watched.in).find(
      (other) => other !== recording && stemOf(other) === stemOf(recording),
    )
    if (sameOutput) this.#excused.add(stemOf(recording))
    work()
    // The output of one that has gone is not given to another.
    if (
      NAMES.some((other) => this.#changedAt.has(other) && other !== recording && stemOf(other) === stemOf(recording))
    ) {
      this.#excused.add(stemOf(recording))
    }
    this.#changedAt.set(recording, this.watched.lines.length)
    this.watched.see(recording)
  }

  /** No two are of the same length: within the same moment a file system may not tell them apart otherwise. */
  #contents(isBad = false): string {
    return `${isBad ? 'bad' : 'c'} ${'.'.repeat(++this.#nContents)}`
  }

  #output(recording: string): string {
    return join(this.watched.out, `${stemOf(recording)}.txt`)
  }

  get #isBlocked(): boolean {
    return existsSync(join(this.#folder, 'away'))
  }

  /** A file lies where the folder of the outputs should be. */
  #block(): void {
    if (this.#isBlocked) return
    this.#wasBlocked = true
    renameSync(this.watched.out, join(this.#folder, 'away'))
    writeFileSync(this.watched.out, '')
  }

  #free(): void {
    if (!this.#isBlocked) return
    rmSync(this.watched.out)
    renameSync(join(this.#folder, 'away'), this.watched.out)
  }

  #spoilJournal(isBroken: boolean): void {
    const path = join(this.watched.out, JOURNAL_NAME)
    if (!existsSync(this.watched.out) || !statSync(this.watched.out).isDirectory()) return
    if (isBroken) writeFileSync(path, '{"version":1,"outputs":{"a.t')
    else rmSync(path, { force: true })
    for (const recording of NAMES) this.#excused.add(stemOf(recording))
  }
}

function stemOf(recording: string): string {
  return basename(recording, extname(recording))
}

test('in the end every recording has the transcript of its last contents, or a line said why not', async (t) => {
  let nStories = 0
  const tell = async (steps: readonly Step[]) => {
    const scene = new Scene(tempFolder(t))
    for (const step of steps) await scene.do(step)
    await scene.judge()
    nStories++
  }
  // Most of a story is waiting for the disk, so several are told at a time.
  const story = fc.array(STEP, { minLength: 2, maxLength: 25, size: 'max' })
  const stories = fc.array(story, { minLength: 1, maxLength: 12, size: 'max' })
  await fc.assert(
    fc.asyncProperty(stories, async (several) => {
      await Promise.all(several.map((steps) => tell(steps as Step[])))
    }),
    // On a busy machine fewer of them, all the same within the time that a file of tests may take.
    { numRuns: 80, interruptAfterTimeLimit: 8_000, markInterruptAsFailure: false },
  )
  t.diagnostic(`${nStories} stories`)
})

/** Long enough for a file to be whole and its transcript to be written. */
const LONG = 20_000

async function folderWith(t: TestContext, recording: string, contents: string): Promise<WatchedFolder> {
  const watched = watchedFolder(tempFolder(t))
  await put(watched, recording, contents)
  return watched
}

async function put(watched: WatchedFolder, recording: string, contents: string): Promise<void> {
  writeFileSync(join(watched.in, recording), contents)
  watched.see(recording)
  await watched.rest()
}

const textIn = ({ out }: WatchedFolder, output: string) => readFileSync(join(out, output), 'utf8')

test('what comes after a pause is transcribed too, and takes the place of the beginning', async (t) => {
  const watched = await folderWith(t, 'talk.wav', 'the beginning')
  assert.equal(textIn(watched, 'talk.txt'), 'said: the beginning\n')
  appendFileSync(join(watched.in, 'talk.wav'), ', and the rest')
  watched.see('talk.wav')
  await watched.rest()
  assert.equal(textIn(watched, 'talk.txt'), 'said: the beginning, and the rest\n')
  assert.deepEqual(readdirSync(watched.out).sort(), [JOURNAL_NAME, 'talk.srt', 'talk.txt'])
})

test('a new recording under a used name is transcribed, also one that came while nobody watched', async (t) => {
  const watched = await folderWith(t, 'REC0001.WAV', 'on monday')
  const { mtime } = statSync(join(watched.in, 'REC0001.WAV'))
  writeFileSync(join(watched.in, 'REC0001.WAV'), 'on friday')
  utimesSync(join(watched.in, 'REC0001.WAV'), mtime, mtime) // a dictaphone's clock begins anew, too
  await watched.restart()
  await watched.rest()
  assert.equal(textIn(watched, 'REC0001.txt'), 'said: on friday\n')
})

test('what is done stays done after a restart, without the journal too, and a deleted output is made anew', async (t) => {
  const watched = await folderWith(t, 'talk.wav', 'once')
  await watched.restart()
  await watched.rest()
  rmSync(join(watched.out, JOURNAL_NAME))
  await watched.restart()
  await watched.rest()
  assert.equal(watched.nAsked, 1)
  assert.deepEqual(JSON.parse(textIn(watched, JOURNAL_NAME)).outputs['talk.txt'].done.recording.bytes, 4)
  rmSync(join(watched.out, 'talk.txt'))
  await watched.rest()
  assert.equal(watched.nAsked, 1, 'a program that takes transcripts away gets each once')
  await watched.restart()
  await watched.rest()
  assert.deepEqual([watched.nAsked, textIn(watched, 'talk.txt')], [2, 'said: once\n'])
})

test('a transcript that somebody has changed, or that was there before, stays, and a line says so', async (t) => {
  const watched = await folderWith(t, 'talk.wav', 'first')
  writeFileSync(join(watched.out, 'talk.txt'), 'corrected')
  await watched.restart()
  await watched.rest()
  assert.deepEqual(watched.lines.slice(1), [], 'the recording is as it was')
  await put(watched, 'talk.wav', 'second')
  assert.equal(textIn(watched, 'talk.txt'), 'corrected')
  const line = (file: string, output: string) =>
    `paradox: ${file}: The recording is newer than '${output}', which is not as this watch wrote it: delete or rename it to have the recording transcribed again.`
  assert.equal(watched.lines.at(-1), line('talk.wav', 'talk.txt'))

  writeFileSync(join(watched.out, 'old.txt'), 'of another program')
  utimesSync(join(watched.out, 'old.txt'), new Date(0), new Date(0))
  await put(watched, 'old.wav', 'old')
  assert.equal(textIn(watched, 'old.txt'), 'of another program')
  assert.equal(watched.lines.at(-1), line('old.wav', 'old.txt'))
  rmSync(join(watched.out, 'old.txt'))
  await watched.rest()
  assert.equal(textIn(watched, 'old.txt'), 'said: old\n')
})

test('of two recordings with one output the second is told, and has its turn when the output is gone', async (t) => {
  const watched = await folderWith(t, 'talk.wav', 'first')
  await put(watched, 'talk.mp3', 'second')
  assert.match(
    watched.lines.at(-1)!,
    /^paradox: talk\.mp3: The output 'talk\.txt' is that of '\.\.\/in\/talk\.wav': rename/,
  )
  assert.equal(textIn(watched, 'talk.txt'), 'said: first\n')
  rmSync(join(watched.in, 'talk.wav'))
  for (const output of ['talk.txt', 'talk.srt']) rmSync(join(watched.out, output))
  await watched.rest()
  assert.equal(textIn(watched, 'talk.txt'), 'said: second\n')
})

test('a transcript that cannot be written waits until it can, and is not made twice', async (t) => {
  const scene = new Scene(tempFolder(t))
  const { watched } = scene
  await scene.do({ do: 'write', name: 'a.wav' })
  await until(async () => {
    await watched.pass(SETTLE_MS)
    return watched.nAsked === 1
  })
  await scene.do({ do: 'block outputs' })
  await until(async () => {
    await watched.pass(LONG)
    return watched.lines.length > 1
  })
  assert.match(
    watched.lines[0]!,
    /^paradox: a\.wav: The output 'a\.\w+' could not be written \(a file has the name of its folder\)/,
  )
  assert.equal(watched.lines[1], 'a.wav: it is tried again in 5 s')
  await scene.judge()
  assert.equal(watched.nAsked, 1)
})

test('engines that crash and files that cannot be looked at are tried until it works, and told once', async (t) => {
  const watched = watchedFolder(tempFolder(t))
  watched.failure = new EngineCrashedError('echo', 'SIGKILL')
  symlinkSync('loop.wav', join(watched.in, 'loop.wav'))
  writeFileSync(join(watched.in, 'talk.wav'), 'patience')
  for (const recording of ['loop.wav', 'talk.wav']) watched.see(recording)
  await until(async () => {
    await watched.pass(LONG)
    return watched.nAsked > 3
  })
  const ofTalk = watched.lines.filter((line) => line.includes('talk.wav'))
  assert.deepEqual([ofTalk.length, ofTalk[1]], [2, 'talk.wav: it is tried again in 5 s'])
  assert.match(watched.lines.join('\n'), /^paradox: loop\.wav: .*\(ELOOP\)/m)
  watched.failure = undefined
  rmSync(join(watched.in, 'loop.wav'))
  writeFileSync(join(watched.in, 'loop.wav'), 'no loop')
  await watched.rest()
  assert.deepEqual([textIn(watched, 'talk.txt'), textIn(watched, 'loop.txt')], ['said: patience\n', 'said: no loop\n'])
})

test('a WAV file that ends too early is waited for twelve times as long, then taken as it is', async (t) => {
  const watched = watchedFolder(tempFolder(t))
  const [whole, cut] = [Buffer.concat([wavHeader(100), Buffer.alloc(100, 'x')]), wavHeader(100)]
  for (const [recording, contents] of [
    ['whole.wav', whole],
    ['cut.wav', cut],
  ] as const) {
    writeFileSync(join(watched.in, recording), contents)
    watched.see(recording)
  }
  await until(async () => {
    await watched.pass(100)
    return existsSync(join(watched.out, 'whole.txt'))
  })
  assert.equal(watched.nAsked, 1, 'the other has had its settle time')
  appendFileSync(join(watched.in, 'cut.wav'), Buffer.alloc(50, 'x'))
  await watched.rest()
  assert.match(
    watched.lines.join('\n'),
    /^cut\.wav: it ends before the end that its header names; what is there is transcribed$/m,
  )
  assert.ok(textIn(watched, 'cut.txt').endsWith(`${'x'.repeat(50)}\n`))
})

test('a crash between journal and outputs leaves the old text, and the new one is made after the restart', async (t) => {
  for (const cutOff of ['before outputs', 'after outputs'] as const) {
    const watched = await folderWith(t, 'talk.wav', 'first')
    watched.cutOff = cutOff
    await put(watched, 'talk.wav', 'second')
    assert.equal(textIn(watched, 'talk.txt'), 'said: second\n')
    assert.equal(watched.nAsked, cutOff === 'before outputs' ? 3 : 2)
    await put(watched, 'talk.wav', 'third')
    assert.equal(textIn(watched, 'talk.txt'), 'said: third\n', 'nothing is taken for a person’s')
  }
})

test('a journal that is broken or of another version is begun anew, and what was there is kept', async (t) => {
  for (const journal of ['{"version":1,"outp', '{"version":2,"outputs":{}}', '']) {
    const watched = await folderWith(t, 'talk.wav', 'once')
    writeFileSync(join(watched.out, JOURNAL_NAME), journal)
    await watched.restart()
    await put(watched, 'next.wav', 'next')
    assert.match(watched.lines.join('\n'), /^paradox: '\.paradox-watch\.json' is broken, or of another version/m)
    assert.deepEqual(Object.keys(JSON.parse(textIn(watched, JOURNAL_NAME)).outputs).sort(), [
      ...['next.srt', 'next.txt', 'talk.srt', 'talk.txt'],
    ])
    assert.equal(watched.nAsked, 2)
  }
})

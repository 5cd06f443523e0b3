/** Requests to the hub about one repository: the commit of a revision, its files, the bytes of a file. */

import { listFiles, modelInfo } from '@huggingface/hub'
import { z } from 'zod'
import type { Wait } from '../async/backoff.ts'
import type { HubSettings } from '../config.ts'
import { AsrError, HubNotFoundError, HubUnreachableError } from '../errors/index.ts'
import { askHub, type HubAnswer } from './hub-request.ts'
import { retrying } from './retry.ts'

/** One file of a commit, named by its contents. */
export interface RepoFile {
  readonly name: string
  readonly size: number
  /** Name of the blob in the cache: SHA-256 of a large file (64 digits), git's blob id of a small one (40 digits). */
  readonly etag: string
}

/** The hub's own pages answer within a second; a machine without network should get on to the next source. */
const QUESTION_SILENCE_MS = 8_000
const DOWNLOAD_SILENCE_MS = 30_000
const QUESTION_ATTEMPTS = 4

/** A tree page of 1000 files is about 300 kB; more than this is not an answer of the hub. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024

export const COMMIT = /^[0-9a-f]{40}$/
const commitSchema = z.string().regex(COMMIT)
const treeFileSchema = z.object({
  type: z.literal('file'),
  path: z.string(),
  size: z.int().nonnegative(),
  oid: z.string().regex(/^[0-9a-f]{40}$/),
  lfs: z.object({ oid: z.string().regex(/^[0-9a-f]{64}$/), size: z.int().nonnegative() }).optional(),
})

export class HubClient {
  readonly #settings: HubSettings
  readonly #repo: string
  readonly #wait: Wait
  readonly #signal: AbortSignal

  constructor(settings: HubSettings, repo: string, { wait, signal }: { wait: Wait; signal: AbortSignal }) {
    this.#settings = settings
    this.#repo = repo
    this.#wait = wait
    this.#signal = signal
  }

  /** @throws {AsrError} the hub's refusal, or its silence. */
  async resolveCommit(revision: string): Promise<string> {
    return this.#understand(async () => {
      const info = await modelInfo({ ...this.#target(), name: this.#repo, revision, additionalFields: ['sha'] })
      return commitSchema.parse(info.sha)
    })
  }

  /** The top folder; all that belongs to a checkpoint lies there. */
  async list(commit: string): Promise<{ readonly files: readonly RepoFile[]; readonly folders: readonly string[] }> {
    return this.#understand(async () => {
      const files: RepoFile[] = []
      const folders: string[] = []
      for await (const entry of listFiles({ ...this.#target(), repo: this.#repo, revision: commit })) {
        if (entry.type === 'directory') folders.push(entry.path)
        if (entry.type !== 'file') continue
        const { path, size, oid, lfs } = treeFileSchema.parse(entry)
        files.push({ name: path, size: lfs?.size ?? size, etag: lfs?.oid ?? oid })
      }
      return { files, folders }
    })
  }

  /**
   * The file from byte `offset` on, in a single attempt. The plain `resolve` address always leads to plain HTTP; only
   * who asks for `application/vnd.xet-fileinfo+json` there is sent to Xet.
   */
  async openFile(commit: string, name: string, offset: number, signal: AbortSignal): Promise<HubAnswer> {
    const asked = askHub(this.#settings, this.#repo, {
      url: `${this.#settings.endpoint}/${this.#repo}/resolve/${commit}/${encodeURIComponent(name)}`,
      init: {
        headers: {
          // Compression would make the bytes of a range other than those of the file.
          'accept-encoding': 'identity',
          ...(offset > 0 && { range: `bytes=${offset}-` }),
        },
      },
      silenceMs: DOWNLOAD_SILENCE_MS,
      isPatient: true,
      signal,
    })
    return asked.catch((error: unknown) => {
      throw error instanceof HubNotFoundError ? new HubNotFoundError(this.#repo, { cause: error.cause }, name) : error
    })
  }

  #target(): { hubUrl: string; fetch: typeof fetch } {
    return { hubUrl: this.#settings.endpoint, fetch: (input, init) => this.#question(input, init) }
  }

  /** `fetch` for the hub library: retried, bounded, read to its end within the attempt, and our own errors. */
  async #question(input: Parameters<typeof fetch>[0], init: RequestInit = {}): Promise<Response> {
    const operation = async () => {
      const { response, chunks } = await askHub(this.#settings, this.#repo, {
        url: input instanceof Request ? input.url : String(input),
        init,
        silenceMs: QUESTION_SILENCE_MS,
        isPatient: false,
        signal: this.#signal,
      })
      const body: Uint8Array[] = []
      let bytes = 0
      for await (const chunk of chunks) {
        bytes += chunk.length
        if (bytes > MAX_ANSWER_BYTES) throw new Error(`The hub's answer is larger than ${MAX_ANSWER_BYTES} bytes.`)
        body.push(chunk)
      }
      return new Response(Buffer.concat(body), { status: response.status, headers: response.headers })
    }
    return retrying(operation, { attempts: QUESTION_ATTEMPTS, wait: this.#wait, signal: this.#signal })
  }

  /** Whatever else than the hub answers here, such as the sign-in page of a hotel's network, is not the hub. */
  async #understand<T>(question: () => Promise<T>): Promise<T> {
    try {
      return await question()
    } catch (error) {
      if (error instanceof AsrError || this.#signal.aborted) throw error
      throw new HubUnreachableError(this.#repo, { cause: error })
    }
  }
}

/** What the service and an engine process say to each other, over Node's structured-clone channel. */

import type { EngineSettings } from '../config.ts'
import type { WireError } from '../errors/index.ts'
import type { LoadingProgress } from '../models/base.ts'
import type { ModelEntry } from '../models/registry.ts'
import type { DecodingOptions } from '../transcribe/options.ts'
import type { Transcription } from '../transcript/index.ts'

export type ToEngine =
  | { readonly type: 'load'; readonly entry: ModelEntry; readonly settings: EngineSettings; readonly logLevel: string }
  | {
      readonly type: 'transcribe'
      readonly requestId: number
      readonly audioPath: string
      readonly language: string | undefined
      readonly options: DecodingOptions
    }
  | { readonly type: 'abort'; readonly requestId: number }
  | { readonly type: 'unload' }

export type FromEngine =
  | ({ readonly type: 'loading' } & LoadingProgress)
  | { readonly type: 'loaded' }
  | { readonly type: 'load-failed'; readonly failure: WireFailure }
  | { readonly type: 'progress'; readonly requestId: number; readonly doneSeconds: number }
  | { readonly type: 'done'; readonly requestId: number; readonly transcription: Transcription }
  | { readonly type: 'failed'; readonly requestId: number; readonly failure: WireFailure }

/** An expected error, an abort, or a defect of ours of which only the stack is worth keeping, for the log. */
export type WireFailure =
  | { readonly kind: 'expected'; readonly error: WireError; readonly cause: string | undefined }
  | { readonly kind: 'abort' }
  | { readonly kind: 'defect'; readonly stack: string }

/** What the service and an engine process say to each other, over Node's structured-clone channel. */

import type { EngineSettings } from '../config.ts'
import type { WireFailure } from '../errors/index.ts'
import type { LoadingProgress } from '../models/base.ts'
import type { ModelEntry } from '../models/registry.ts'
import type { Segment, WorkKind, WorkResults } from '../transcript/index.ts'
import type { DecodingOptions } from '../whisper/options.ts'
import type { WorkTiming } from './transcriber.ts'

export type ToEngine =
  | { readonly type: 'load'; readonly entry: ModelEntry; readonly settings: EngineSettings; readonly logLevel: string }
  | ({ readonly type: 'work'; readonly requestId: number } & EngineWork)
  | { readonly type: 'abort'; readonly requestId: number }
  | { readonly type: 'unload' }

/** What an engine does with a recording. */
export interface EngineWork<K extends WorkKind = WorkKind> {
  readonly kind: K
  readonly audioPath: string
  readonly language: string | undefined
  readonly options: DecodingOptions
  /** Whether segments are to be told as soon as they are there. */
  readonly tellsSegments: boolean
}

export type FromEngine =
  | ({ readonly type: 'loading' } & LoadingProgress)
  | { readonly type: 'loaded'; readonly languages: readonly string[] }
  | { readonly type: 'load-failed'; readonly failure: WireFailure }
  | { readonly type: 'length'; readonly requestId: number; readonly seconds: number }
  | { readonly type: 'progress'; readonly requestId: number; readonly doneSeconds: number }
  | { readonly type: 'segments'; readonly requestId: number; readonly segments: readonly Segment[] }
  | {
      readonly type: 'done'
      readonly requestId: number
      readonly result: WorkResults[WorkKind]
      readonly timing: WorkTiming
    }
  | { readonly type: 'failed'; readonly requestId: number; readonly failure: WireFailure }

/** To and from a process that makes a model ready, and runs none. */
export type ToPreparation =
  | {
      readonly type: 'prepare'
      readonly entry: ModelEntry
      readonly settings: EngineSettings
      readonly logLevel: string
    }
  | { readonly type: 'stop' }

export type FromPreparation =
  | ({ readonly type: 'loading' } & LoadingProgress)
  | { readonly type: 'prepared' }
  | { readonly type: 'failed'; readonly failure: WireFailure }

/**
 * The models that have an engine: one is started where there is room, and the least recently used idle one is ended where
 * a request needs its room, where memory runs short, and after a time without requests.
 */

import type { Clock } from '../async/clock.ts'
import type { Device, EngineSettings } from '../config.ts'
import { DeviceMemoryReader } from '../devices/nvidia.ts'
import type { Logger } from '../logger.ts'
import type { ModelEntry } from '../models/registry.ts'
import type { Patience } from '../processes/silence-watch.ts'
import { EngineHandle } from './engine-handle.ts'
import type { EngineOptions } from './engine-process.ts'
import type { EngineEvent, UnloadReason } from './events.ts'
import { IdleUnload } from './idle-unload.ts'
import { MemoryLimit } from './memory-limit.ts'
import type { Engines } from './request-queue.ts'

export interface LoadedEnginesOptions {
  readonly maxLoadedModels: number
  /** Of all engines together; one alone is always allowed. undefined: no limit. */
  readonly maxMemoryBytes?: number | undefined
  /** After so long without a request a model is unloaded; 0: at once, undefined: never. */
  readonly ttlMs?: number | undefined
  /** Ids of models that no time of rest unloads. */
  readonly keepLoaded?: Iterable<string> | undefined
  readonly settings: EngineSettings
  /** Engines are spread over them, each on the one with the fewest; by default the settings' device. */
  readonly devices?: readonly Device[] | undefined
  /** Of the driver; for tests another. */
  readonly deviceMemory?: DeviceMemoryReader | undefined
  readonly logger: Logger
  readonly clock: Clock
  /** Told what the loading of a model is at. */
  readonly onLoading?: EngineOptions['onLoading']
  /** With a process that gives no sign of life; for tests another. */
  readonly patience?: Patience | undefined
  /** Told when a model has been loaded or unloaded. */
  readonly onEvent?: ((event: EngineEvent) => void) | undefined
}

/** What its owner sees to. */
export interface EngineListener {
  readonly onLoaded: (modelId: string) => void
  /** @returns the failure that the model's users get. */
  readonly onLoadFailed: (entry: ModelEntry, error: unknown) => unknown
  /** Told after every change: an engine has loaded, failed to, died, or gone. */
  readonly onChange: () => void
  /** Whether a request waits for the model, which is then not idle. */
  readonly isAwaited: (modelId: string) => boolean
}

export class LoadedEngines implements Engines<EngineHandle> {
  readonly #options: LoadedEnginesOptions
  readonly #listener: EngineListener
  readonly #engines = new Map<string, EngineHandle>()
  readonly #memory: MemoryLimit
  readonly #idleUnload: IdleUnload<EngineHandle>
  readonly #deviceMemory: DeviceMemoryReader
  #onIdle: (() => void) | undefined

  constructor(options: LoadedEnginesOptions, listener: EngineListener) {
    const { maxMemoryBytes, logger, ttlMs, keepLoaded, clock, deviceMemory } = options
    this.#options = options
    this.#listener = listener
    this.#deviceMemory = deviceMemory ?? new DeviceMemoryReader()
    this.#memory = new MemoryLimit({ maxBytes: maxMemoryBytes, logger })
    this.#idleUnload = new IdleUnload({
      ttlMs,
      exempt: new Set(keepLoaded),
      clock,
      unload: (engine) => void this.end(engine, 'idle'),
      onDue: () => listener.onChange(),
    })
  }

  all(): EngineHandle[] {
    return [...this.#engines.values()]
  }

  of(modelId: string): EngineHandle | undefined {
    return this.#engines.get(modelId)
  }

  /** When the model goes unless a request comes for it, in milliseconds since 1970; undefined while it stays. */
  expiresAt(engine: EngineHandle): number | undefined {
    return this.#idleUnload.expiresAt(engine)
  }

  start(entry: ModelEntry): EngineHandle | undefined {
    const lack = this.#lackFor(entry)
    if (lack !== undefined) {
      this.#endLeastRecent(lack)
      return undefined
    }
    const { logger, clock, onLoading, onEvent, patience, settings } = this.#options
    const started = new EngineHandle(entry, {
      settings: {
        ...settings,
        // The hub was asked when the model was found or made ready; room that others need is not held for its answer. So
        // the token is not given to a process that reads recordings.
        hub: { ...settings.hub, isAsked: true, token: undefined, tokenSource: undefined },
        device: this.#leastUsedDevice(),
      },
      logger,
      clock,
      deviceMemory: this.#deviceMemory,
      onLoading,
      onEvent,
      patience,
      onLoadFailed: (error) => this.#listener.onLoadFailed(entry, error),
      onLeave: (engine) => this.#memory.look(engine),
      onChange: (engine) => {
        if (engine.isLoaded) this.#listener.onLoaded(entry.id)
        this.#memory.look(engine)
        this.#listener.onChange()
      },
    })
    this.#engines.set(entry.id, started)
    return started
  }

  tidy(): void {
    const engines = this.all()
    for (const engine of engines) if (engine.isSpent && engine.nUsers === 0) void this.end(engine, undefined)
    this.#trimMemory()
    this.#idleUnload.update(engines.filter(({ entry }) => !this.#listener.isAwaited(entry.id)))
    if (!engines.some(isUsed)) this.#onIdle?.()
  }

  /** @param reason  as `EngineHandle.end`. */
  async end(engine: EngineHandle, reason: UnloadReason | undefined): Promise<void> {
    await engine.end(reason)
    if (this.#engines.get(engine.entry.id) !== engine) return // the first caller has seen to the rest
    this.#engines.delete(engine.entry.id)
    this.#listener.onChange()
  }

  /** Ends all, after the requests that they work on, or when the time is up. */
  async close(timeoutMs: number): Promise<void> {
    if (this.all().some(isUsed)) {
      const idle = Promise.withResolvers<void>()
      const timer = setTimeout(idle.resolve, timeoutMs)
      this.#onIdle = idle.resolve
      await idle.promise
      clearTimeout(timer)
    }
    await Promise.all(this.all().map((engine) => this.end(engine, 'shutdown')))
    this.#idleUnload.cancel()
  }

  #leastUsedDevice(): Device {
    const { devices = [], settings } = this.#options
    const nEnginesOn = (device: Device) => this.all().filter((engine) => engine.device === device).length
    const [first = settings.device, ...others] = devices
    return others.reduce((least, device) => (nEnginesOn(device) < nEnginesOn(least) ? device : least), first)
  }

  /** What an engine for the model lacks; undefined: nothing. */
  #lackFor({ id }: ModelEntry): 'swap' | 'memory' | undefined {
    if (this.#engines.size >= this.#options.maxLoadedModels) return 'swap'
    return this.#memory.hasRoomFor(id, this.all()) ? undefined : 'memory'
  }

  #trimMemory(): void {
    const engines = this.all()
    if (!this.#memory.isExceeded(engines)) return
    if (engines.length === 1) this.#memory.warn(engines[0]!)
    else this.#endLeastRecent('memory')
  }

  /** One at a time: an engine that is ending already is the room that is being made. */
  #endLeastRecent(reason: UnloadReason): void {
    const engines = this.all()
    if (engines.some(({ isEnding }) => isEnding)) return
    const idle = engines.filter((engine) => !isUsed(engine))
    const leastRecent = idle.sort((a, b) => a.lastUse - b.lastUse)[0]
    if (leastRecent) void this.end(leastRecent, reason)
  }
}

const isUsed = ({ nUsers }: EngineHandle) => nUsers > 0

/** Which device runs a session, and whether it is there. */

import { availableParallelism } from 'node:os'
import { basename } from 'node:path'
import { InferenceSession } from 'onnxruntime-node'
import type { Device } from '../config.ts'
import { DeviceUnavailableError } from '../errors/index.ts'
import { cudaSigns, missingForCuda, missingForWebGpu } from './missing-device.ts'

/** A device that sessions can be opened on; `auto` has been decided. */
export type ResolvedDevice = Exclude<Device, 'auto'>

/**
 * Opens a given small model on `device` and throws it away.
 *
 * @throws {DeviceUnavailableError} when the provider, its libraries or the device itself is not there.
 */
export async function checkDevice(device: ResolvedDevice, model: Uint8Array): Promise<void> {
  try {
    const session = await InferenceSession.create(model, sessionOptions({ device, threads: 1 }))
    await session.release()
  } catch (cause) {
    throw new DeviceUnavailableError(device, whyUnusable(device, cause), { cause })
  }
}

/** A half sentence about what a session of `device` has failed for, as far as the runtime and the system tell. */
export function whyUnusable(device: ResolvedDevice, cause: unknown): string {
  const words = String(cause)
  return device === 'webgpu' ? missingForWebGpu(words, process.platform) : missingForCuda(words, cudaSigns())
}

const NO_MEMORY =
  /failed to allocate memory|out.of.memory|CUDA failure 2\b|std::bad_alloc|OUT_OF_(DEVICE|HOST)_MEMORY|Invalid Buffer/i

/**
 * Whether an error of a session says that there was no memory for what it was to hold.
 *
 * @see microsoft/onnxruntime:onnxruntime/core/framework/bfc_arena.cc — what its arenas say; CUDA's own words follow, then those
 * of Vulkan and Dawn, where a buffer without memory shows when it is first used.
 */
export function isOutOfMemory(error: unknown): boolean {
  const text = error instanceof Error ? error.message : ''
  return NO_MEMORY.test(text)
}

export interface SessionSettings {
  readonly device: ResolvedDevice
  /** Threads within one operator; undefined takes every core that this process may use. */
  readonly threads: number | undefined
  /**
   * Where to save the graph as the runtime will run it, optimised and with its weights packed for this processor; they
   * go into a file beside it. A session opened on the saved graph maps the packed weights instead of holding a copy:
   * the encoder of a distil-large-v3 opens in 0.8 s instead of 4, with 50 MB of its own instead of 1.4 GB.
   */
  readonly saveTo?: string | undefined
}

/** @param kept  outputs that stay on the device, where it has memory of its own; `all` for every one. */
export function sessionOptions(
  settings: SessionSettings,
  kept: 'all' | readonly string[] = [],
): InferenceSession.SessionOptions {
  return {
    executionProviders: [executionProvider(settings.device)],
    intraOpNumThreads: settings.threads ?? availableParallelism(),
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    // Memory patterns are planned per input shape; windows and prompts differ in length, so plans would only pile up.
    enableMemPattern: false,
    logSeverityLevel: 3,
    ...(settings.saveTo === undefined ? {} : savingOptions(settings.saveTo)),
    ...(settings.device === 'webgpu' && kept.length > 0 && { preferredOutputLocation: locations(kept) }),
  }
}

function locations(
  kept: 'all' | readonly string[],
): NonNullable<InferenceSession.SessionOptions['preferredOutputLocation']> {
  return kept === 'all' ? 'gpu-buffer' : Object.fromEntries(kept.map((name) => [name, 'gpu-buffer'] as const))
}

/** Smaller weights stay in the graph itself. */
const LEAST_EXTERNAL_BYTES = 256

/** @see microsoft/onnxruntime:include/onnxruntime/core/session/onnxruntime_session_options_config_keys.h */
function savingOptions(path: string): InferenceSession.SessionOptions {
  return {
    optimizedModelFilePath: path,
    extra: {
      session: {
        optimized_model_external_initializers_file_name: `${basename(path, '.onnx')}.weights`,
        optimized_model_external_initializers_min_size_in_bytes: String(LEAST_EXTERNAL_BYTES),
        save_external_prepacked_constant_initializers: '1',
      },
    },
  }
}

function executionProvider(device: ResolvedDevice): InferenceSession.ExecutionProviderConfig {
  if (device === 'cpu' || device === 'webgpu') return device
  return { name: 'cuda', deviceId: Number(device.slice('cuda:'.length)) }
}

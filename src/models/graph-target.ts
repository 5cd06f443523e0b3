import type { GraphTarget } from '../graph/index.ts'
import type { ResolvedDevice } from '../runtime/index.ts'

/** What a model's graphs are compiled for where it runs on `device`. */
export function targetOf(device: ResolvedDevice): GraphTarget {
  return device === 'webgpu' ? 'device' : 'processor'
}

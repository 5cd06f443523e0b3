/** What graphs are compiled for. */

/**
 * `cpu`: the caller keeps the texts' keys and values in main memory; CUDA runs such graphs too. `webgpu`: they stay in
 * the GPU's memory from run to run, and the runtime has fewer operators that can be relied on (`plain-attention.ts`).
 */
export type GraphTarget = 'cpu' | 'webgpu'

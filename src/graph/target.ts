/** What graphs are compiled for. */

/**
 * A processor, whose caller keeps the texts' keys and values; or a device with memory of its own, where they stay from
 * run to run, and whose runtime has fewer operators that can be relied on (`plain-attention.ts`).
 */
export type GraphTarget = 'processor' | 'device'

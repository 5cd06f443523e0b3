/**
 * To be imported before the runtime is used: its scripts then keep halves as 16-bit numbers. Its native part reads no
 * Float16Array, which matters only where the CPU plays a device, since on a device halves never come to scripts.
 *
 * @see microsoft/onnxruntime:js/common/lib/tensor-impl-type-mapping.ts `checkTypedArray`, which looks once.
 */

import { Tensor } from 'onnxruntime-node'

const { Float16Array } = globalThis
Object.assign(globalThis, { Float16Array: undefined })
new Tensor('float32', new Float32Array(1), [1])
Object.assign(globalThis, { Float16Array })

/** Which device computes: candidates, a trial of each in a process of its own, NVIDIA's and Vulkan's peculiarities. */

export { has8Bits, type MachineSigns, signsOfMachine } from './candidates.ts'
export { checkDevice, type UsableDevice } from './check.ts'
export { chooseDevice } from './choice.ts'
export { graphicsCards } from './graphics-cards.ts'
export { DeviceMemoryReader } from './memory.ts'
export { outputOf } from './program-output.ts'
export { runtimeEnvironment } from './runtime-environment.ts'
export { unusedGpu } from './unused-gpu.ts'

/** Which device computes: candidates, a trial of each in a process of its own, NVIDIA's and Vulkan's peculiarities. */

export { type MachineSigns, signsOfMachine } from './candidates.ts'
export { checkDevice, type UsableDevice } from './check.ts'
export { chooseDevice } from './choice.ts'
export { DeviceMemoryReader, graphicsCards, outputOf } from './nvidia.ts'
export { runtimeEnvironment } from './runtime-environment.ts'
export { unusedGpu } from './unused-gpu.ts'

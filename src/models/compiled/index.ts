/** The compiled cache for those who look after it. Free of the runtime: the command line reads it. */

export { machineIdentity, processorFeatures } from '../precision/machine.ts'
export { type CachedModel, listCompiled, type Pruned, pruneCompiled, removeCompiled } from './pruning.ts'

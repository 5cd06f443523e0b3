/** The compiled cache for those who look after it. Free of the runtime: the command line reads it. */
export { type CachedModel, listCompiled, type Pruned, pruneCompiled, removeCompiled } from '../graph/cache-pruning.ts'
export { machineIdentity, processorFeatures } from './machine.ts'

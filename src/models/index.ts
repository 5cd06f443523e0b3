/** Models in the process that runs them. Loads the runtime, so engines and device checks only. */
export type { ResolvedDevice } from '../inference/index.ts'
export type { AsrStrategy, LoadingProgress, StrategyContext, StrategyTranscribeOptions } from './base.ts'
export { checkDevice } from './device-check.ts'
export { createStrategy } from './families.ts'

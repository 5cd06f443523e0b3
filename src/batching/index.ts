/** Windows of all requests for one model share its encoder's time and its decoder's steps. */
export type { BatchModel, Lane, LaneStep, LaneStepOutput } from './lane.ts'
export { type StepCounts, WindowScheduler } from './scheduler.ts'
export { TextBatcher, type TextBatchModel, type TextJob } from './text-batcher.ts'
export { Ticket } from './ticket.ts'
export type { OpenWindow } from './window.ts'

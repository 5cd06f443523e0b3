/** A recording on its way in: its part in the queue, the upload on the disk, the work, and nothing left behind. */
export { FormFields } from './form-fields.ts'
export type { ProgressListener } from './progress-replay.ts'
export { type FormRules, type Recording, Recordings, type WorkForm } from './recordings.ts'
export { TempFiles } from './temp-files.ts'
export { isTooLarge } from './upload-watch.ts'

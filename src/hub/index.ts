/** Turns the origin of a checkpoint into a local folder that holds its files: cache, hub or package index. */

export { type CheckpointFolder, type ResolveOptions, resolveCheckpointFolder } from './checkpoint-folder.ts'
export { isCached } from './is-cached.ts'
export type { CheckpointOrigin, CheckpointSource } from './origin.ts'
export { folderFromPackageIndex, type WheelFolder } from './package-index.ts'
export { withLock } from './process-lock.ts'
export type { DownloadProgress } from './progress.ts'

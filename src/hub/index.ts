/** Turns the origin of a checkpoint into a local folder that holds its files: cache, hub or package index; and back. */

export { type CachedRevision, cachedRevisions } from './cached-repositories.ts'
export {
  type CheckpointFolder,
  cachedCheckpointFolder,
  isUpToDate,
  type ResolveOptions,
  resolveCheckpointFolder,
} from './checkpoint-folder.ts'
export { diskFailure, type RoomToCompile } from './disk.ts'
export { certificateFault } from './hub-request.ts'
export { type Caches, cachedFolder, isCached } from './is-cached.ts'
export type { CheckpointOrigin, CheckpointSource } from './origin.ts'
export { folderFromPackageIndex, type WheelFolder } from './package-index.ts'
export { withLock } from './process-lock.ts'
export type { DownloadProgress, OnProgress } from './progress.ts'
export { proxiedFetch, proxyFailureIn } from './proxied-fetch.ts'
export { findRemovable, type RemovableOrigin, type RemovalOptions, removeCached } from './remove-cached.ts'
export { SnapshotMemo } from './snapshot-memo.ts'

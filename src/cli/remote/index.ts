/** A running service as the one who transcribes: `--server`. */
export { type RemoteOptions, remoteWorker } from './remote-worker.ts'

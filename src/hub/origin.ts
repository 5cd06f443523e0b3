/** Where a checkpoint's files are, or come from. */
export type CheckpointOrigin =
  | { readonly kind: 'hub'; readonly repo: string; readonly revision: string }
  | { readonly kind: 'folder'; readonly path: string }
  /** Whisper base: cache, then hub, then the Python package index; always checked by its SHA-256. */
  | { readonly kind: 'whisper-base' }

/** The part of a registry entry that decides which files are needed. */
export interface CheckpointSource {
  readonly origin: CheckpointOrigin
  /** Repository of the tokenizer, where the checkpoint's own has none or is not to be used. */
  readonly tokenizer: string | undefined
}

/** What a file of weights is instead of what its name says, by its first bytes. */

import { type AsrError, CheckpointCorruptError, CheckpointUnsupportedError } from '../errors/index.ts'
import type { WeightFile } from './weight-file.ts'

const HEAD_BYTES = 512
/** Where an archive of tar has its signature, as PyTorch's very first form has. */
const TAR_SIGNATURE_AT = 257
/** The number that stands before every file of PyTorch before 1.6, itself pickled. */
const LEGACY_MAGIC = Buffer.from('80028a0a6cfc9c46f9206aa85019', 'hex')

const FORMS: readonly (readonly [begins: Buffer, what: string])[] = [
  [Buffer.from('lmgg'), "in whisper.cpp's form (GGML)"],
  [Buffer.from('GGUF'), 'in the form GGUF'],
  [Buffer.from('PK\x03\x04', 'latin1'), 'an archive, as PyTorch writes them'],
  [Buffer.from('\x89HDF', 'latin1'), "in TensorFlow's form (HDF5)"],
]

/** undefined: nothing that is known. */
export function foreignFile(file: WeightFile): AsrError | undefined {
  const head = Buffer.alloc(Math.min(HEAD_BYTES, file.size))
  file.read(head, 0)
  const beginsWith = (text: Buffer) => head.subarray(0, text.length).equals(text)
  if (beginsWith(Buffer.from('version https://git-lfs'))) {
    return new CheckpointCorruptError(file.name, "it is Git LFS's pointer to it; 'git lfs pull' brings the file")
  }
  const isTar = head.toString('latin1', TAR_SIGNATURE_AT, TAR_SIGNATURE_AT + 5) === 'ustar'
  if (isTar || beginsWith(LEGACY_MAGIC)) {
    return new CheckpointUnsupportedError(
      `its '${file.name}' is in the form of PyTorch before 1.6`,
      'Save its state dict again with a current PyTorch: torch.save(torch.load(FILE, weights_only=True), FILE).',
    )
  }
  const form = FORMS.find(([begins]) => beginsWith(begins))
  return (
    form &&
    new CheckpointUnsupportedError(
      `its '${file.name}' is ${form[1]}`,
      "Give the file the name of its form, or take the model's original repository.",
    )
  )
}

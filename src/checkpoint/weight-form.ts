/** In which form a folder or repository has its weights, by the names of its files; free of anything that opens them. */

/** Files of weights of one kind: a single one, or several with an index. */
export interface FileForm {
  /** Any of these is the single file, the first that is there. */
  readonly single: readonly string[]
  readonly index: string
  /** The name that `save_pretrained` gives; a second set in another precision (`model.fp32-00001-of-…`) does not match. */
  readonly shard: RegExp
  /** What an index may name: a plain base name, since it must not reach out of its folder. */
  readonly fileName: RegExp
}

export const SAFETENSORS: FileForm = {
  single: ['model.safetensors'],
  index: 'model.safetensors.index.json',
  shard: /^model-\d{5}-of-\d{5}\.safetensors$/,
  fileName: /^[A-Za-z0-9][A-Za-z0-9._-]*\.safetensors$/,
}

/** What `torch.save` writes of a state dict. */
export const PYTORCH: FileForm = {
  single: ['pytorch_model.bin', 'pytorch_model.pt', 'pytorch_model.pth', 'model.pt', 'model.pth'],
  index: 'pytorch_model.bin.index.json',
  shard: /^pytorch_model-\d{5}-of-\d{5}\.bin$/,
  fileName: /^[A-Za-z0-9][A-Za-z0-9._-]*\.bin$/,
}

export const CTRANSLATE2_FILE = 'model.bin'

export type WeightChoice =
  | { readonly kind: 'file'; readonly form: FileForm; readonly file: string }
  | { readonly kind: 'shards'; readonly form: FileForm }
  | { readonly kind: 'ctranslate2' }

/**
 * The weights to read, of several the ones that are read best.
 *
 * @param names  of the files that there are.
 * @returns      undefined where none can be read.
 */
export function chooseWeights(names: readonly string[]): WeightChoice | undefined {
  const inForm = (form: FileForm): WeightChoice | undefined => {
    const file = form.single.find((name) => names.includes(name))
    if (file !== undefined) return { kind: 'file', form, file }
    const isSharded = names.includes(form.index) && names.some((name) => form.shard.test(name))
    return isSharded ? { kind: 'shards', form } : undefined
  }
  const converted: WeightChoice | undefined = names.includes(CTRANSLATE2_FILE) ? { kind: 'ctranslate2' } : undefined
  const complete = inForm(SAFETENSORS) ?? converted ?? inForm(PYTORCH)
  if (complete) return complete
  // Its files have other names, or are missing, which is then said of the one that is needed first.
  const indexed = [SAFETENSORS, PYTORCH].find(({ index }) => names.includes(index))
  return indexed && { kind: 'shards', form: indexed }
}

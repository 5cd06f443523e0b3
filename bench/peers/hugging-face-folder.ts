/** Any checkpoint that we read, as a folder that transformers and optimum take: safetensors, configs, tokenizer. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Checkpoint, CheckpointConfig, GenerationConfig, TokenizerFiles } from '../../src/checkpoint/index.ts'
import {
  hubConfig,
  type LazyTensor,
  type SafetensorsDtype,
  writeJson,
  writeSafetensors,
} from '../../test/helpers/builders/checkpoint-builder.ts'

/** Writes everything into `folder`. OpenAI's own repositories have float32 up to medium, and float16 for large-v3. */
export function writeHuggingFaceFolder(folder: string, checkpoint: Checkpoint, dtype: SafetensorsDtype): void {
  const { config, generation, tokenizer, tensors } = checkpoint
  mkdirSync(folder, { recursive: true })
  const stored = Array.from(tensors.names(), (name): [string, LazyTensor] => [
    name === 'proj_out.weight' ? name : `model.${name}`,
    { dtype, shape: tensors.shape(name), data: () => tensors.read(name) },
  ])
  writeSafetensors(join(folder, 'model.safetensors'), Object.fromEntries(stored))
  writeJson(join(folder, 'config.json'), {
    ...modelConfig(config, generation),
    dtype: dtype === 'F32' ? 'float32' : 'float16',
  })
  writeJson(join(folder, 'generation_config.json'), generationJson(config, generation))
  writeJson(join(folder, 'preprocessor_config.json'), featureExtractor(config))
  writeTokenizer(folder, tokenizer)
}

function modelConfig(config: CheckpointConfig, generation: GenerationConfig) {
  return {
    ...hubConfig(config),
    architectures: ['WhisperForConditionalGeneration'],
    is_encoder_decoder: true,
    bos_token_id: generation.eot,
    eos_token_id: generation.eot,
    pad_token_id: generation.eot,
    decoder_start_token_id: generation.sot,
  }
}

/** @see huggingface/transformers:src/transformers/models/whisper/generation_whisper.py — every field that it reads. */
function generationJson(config: CheckpointConfig, generation: GenerationConfig) {
  const languages = Array.from(generation.languageIds, ([code, id]) => [`<|${code}|>`, id])
  return {
    bos_token_id: generation.eot,
    eos_token_id: generation.eot,
    pad_token_id: generation.eot,
    decoder_start_token_id: generation.sot,
    prev_sot_token_id: generation.sotPrev,
    no_timestamps_token_id: generation.noTimestamps,
    is_multilingual: generation.isMultilingual,
    lang_to_id: Object.fromEntries(languages),
    task_to_id: { transcribe: generation.transcribe, translate: generation.translate },
    suppress_tokens: generation.suppressTokens,
    begin_suppress_tokens: generation.beginSuppressTokens,
    alignment_heads: generation.alignmentHeads,
    max_initial_timestamp_index: 50,
    max_length: config.maxTextContext,
    return_timestamps: false,
  }
}

function featureExtractor({ nMels }: CheckpointConfig) {
  return {
    feature_extractor_type: 'WhisperFeatureExtractor',
    processor_class: 'WhisperProcessor',
    feature_size: nMels,
    sampling_rate: 16_000,
    hop_length: 160,
    n_fft: 400,
    chunk_length: 30,
    n_samples: 480_000,
    nb_max_frames: 3000,
    padding_side: 'right',
    padding_value: 0,
    return_attention_mask: false,
  }
}

/** Also as vocab.json and merges.txt, which OpenVINO's converter of tokenizers asks for. */
function writeTokenizer(folder: string, { tokenizer }: TokenizerFiles): void {
  const { vocab, merges } = tokenizer.model as { vocab: Record<string, number>; merges: [string, string][] } // as read
  writeJson(join(folder, 'tokenizer.json'), tokenizer)
  writeJson(join(folder, 'vocab.json'), vocab)
  writeFileSync(join(folder, 'merges.txt'), `#version: 0.2\n${merges.map((pair) => pair.join(' ')).join('\n')}\n`)
  const eot = '<|endoftext|>'
  const special = { bos_token: eot, eos_token: eot, unk_token: eot, pad_token: eot }
  writeJson(join(folder, 'special_tokens_map.json'), special)
  writeJson(join(folder, 'tokenizer_config.json'), {
    tokenizer_class: 'WhisperTokenizer',
    errors: 'replace',
    ...special,
  })
}

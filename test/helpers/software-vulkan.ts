/** A Vulkan driver that computes on the processor, to prove what GPUs are to run where there is none. */

import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** SwiftShader, as Debian's package `chromium` brings it along. (Debian's llvmpipe lacks a feature that is needed.) */
const DRIVER = '/usr/lib/chromium/vk_swiftshader_icd.json'

export interface SoftwareVulkan {
  /** For node:test. */
  readonly skip: string | false
  /** Makes it the only driver of a process. */
  readonly env: Readonly<Record<string, string>>
}

export function softwareVulkan(): SoftwareVulkan {
  if (!existsSync(DRIVER))
    return { skip: `there is no software Vulkan here (${DRIVER}, of Debian's chromium)`, env: {} }
  const runtimeFolder = process.env.XDG_RUNTIME_DIR || mkdtempSync(join(tmpdir(), 'paradox-vulkan-'))
  return { skip: false, env: { VK_DRIVER_FILES: DRIVER, VK_ICD_FILENAMES: DRIVER, XDG_RUNTIME_DIR: runtimeFolder } }
}

/** A Vulkan driver that computes on the processor, to prove what GPUs are to run where there is none. */

import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { skipped } from '../skip.ts'

/** SwiftShader, as Debian's package `chromium` and Chrome bring it along. (Debian's llvmpipe lacks a feature that is needed.) */
const DRIVERS = ['/usr/lib/chromium', '/opt/google/chrome'].map((folder) => `${folder}/vk_swiftshader_icd.json`)
/** By which the runtime reaches drivers. */
const LOADERS = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/usr/lib']

export interface SoftwareVulkan {
  /** For node:test. */
  readonly skip: string | false
  /** Makes it the only driver of a process. */
  readonly env: Readonly<Record<string, string>>
}

export function softwareVulkan(): SoftwareVulkan {
  const driver = DRIVERS.find((path) => existsSync(path))
  const hasLoader = LOADERS.some((folder) => existsSync(join(folder, 'libvulkan.so.1')))
  if (!driver || !hasLoader) {
    const missing = driver ? 'its loader, libvulkan1' : `${DRIVERS[0]}, of Debian's chromium`
    return {
      skip: skipped('data', `there is no software Vulkan here: ${missing}, is missing; scripts/install-browser.sh`),
      env: {},
    }
  }
  const runtimeFolder = process.env.XDG_RUNTIME_DIR || mkdtempSync(join(tmpdir(), 'paradox-vulkan-'))
  return { skip: false, env: { VK_DRIVER_FILES: driver, VK_ICD_FILENAMES: driver, XDG_RUNTIME_DIR: runtimeFolder } }
}

/** Vulkan drivers that compute on the CPU: good for tests, slower than the CPU itself by far. */

/** In the path of a driver's library: Mesa's lavapipe, by its file or by the name of what it draws with, and SwiftShader. */
export const SOFTWARE_DRIVERS = /libvulkan_lvp|llvmpipe|lavapipe|swiftshader/i

/** The same in the names of their manifests. */
const MANIFESTS = ['*lvp_icd*', '*llvmpipe*', '*lavapipe*', '*swiftshader*']

/**
 * Makes Vulkan's loader leave them out, so that the runtime, which chooses by itself, can take a real GPU only.
 *
 * @see KhronosGroup/Vulkan-Loader:docs/LoaderInterfaceArchitecture.md, "VK_LOADER_DRIVERS_DISABLE" — from 1.3.234 on.
 */
export function withoutSoftwareDrivers(env: NodeJS.ProcessEnv): Record<string, string> {
  const set = env.VK_LOADER_DRIVERS_DISABLE
  return { VK_LOADER_DRIVERS_DISABLE: [...(set ? [set] : []), ...MANIFESTS].join(',') }
}

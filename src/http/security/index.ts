/** Who may call, how often, and from which pages. */

export { callerOf } from './caller.ts'
export { secure } from './secure.ts'
export { trustedProxies } from './trusted-proxies.ts'

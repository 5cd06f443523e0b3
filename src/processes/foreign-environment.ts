/** The environment of programs that are not ours, such as pip. */

/** Tokens and keys of this program's settings; `PARADOX_API_KEY` is that of --server. */
const KEYS = ['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN', 'API_KEYS', 'API_KEY', 'PARADOX_API_KEY']

/** The same without what opens the hub or a service. Addresses of proxies stay, with the passwords that are in them. */
export function withoutKeys(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !KEYS.includes(name)))
}

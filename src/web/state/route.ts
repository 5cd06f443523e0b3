/** Which view is shown: in the address, so that the browser's own back and forward work. */

import { signal } from '@preact/signals'

export type Route =
  | { readonly view: 'new' }
  | { readonly view: 'transcript'; readonly id: string }
  | { readonly view: 'models' }

function routeOf(hash: string): Route {
  const [, id] = /^#\/t\/([\w-]+)$/.exec(hash) ?? []
  if (id !== undefined) return { view: 'transcript', id }
  return { view: hash === '#/models' ? 'models' : 'new' }
}

export const route = signal<Route>(routeOf(location.hash))

addEventListener('hashchange', () => {
  route.value = routeOf(location.hash)
})

export const NEW = '#/'
export const MODELS = '#/models'

export function transcriptAddress(id: string): string {
  return `#/t/${id}`
}

export function go(address: string): void {
  location.hash = address
}

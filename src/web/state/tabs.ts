/** News between the tabs of this page. */

const channel = new BroadcastChannel('paradox-asr')

/** Tells the other tabs that these transcripts have been changed, added or deleted. */
export function tellTabs(ids: readonly string[]): void {
  channel.postMessage(ids)
}

/** Calls back with the ids of what another tab has changed. */
export function onTabNews(callback: (ids: readonly string[]) => void): void {
  channel.addEventListener('message', ({ data }: MessageEvent<readonly string[]>) => callback(data))
}

/** How long a recording is, as far as the browser can tell without hearing it whole. */

const TIMEOUT_MS = 10_000

/** In seconds; undefined for formats that the browser does not know and for what tells no length. */
export async function durationOf(recording: Blob): Promise<number | undefined> {
  const url = URL.createObjectURL(recording)
  const audio = new Audio()
  const { promise, resolve } = Promise.withResolvers<number | undefined>()
  const timer = setTimeout(resolve, TIMEOUT_MS, undefined)
  audio.preload = 'metadata'
  audio.addEventListener('loadedmetadata', () => {
    if (Number.isFinite(audio.duration)) resolve(audio.duration)
    // What a browser records tells no length; where it is asked for the far end, the player finds out.
    else audio.currentTime = Number.MAX_SAFE_INTEGER
  })
  audio.addEventListener('durationchange', () => {
    if (Number.isFinite(audio.duration)) resolve(audio.duration)
  })
  audio.addEventListener('error', () => resolve(undefined))
  audio.src = url
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    audio.removeAttribute('src')
    URL.revokeObjectURL(url)
  }
}

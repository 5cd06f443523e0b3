/** The one player of the page: what it plays, where it is, and how fast. */

import { effect, signal } from '@preact/signals'

export const SPEEDS = [0.75, 1, 1.25, 1.5, 2] as const
export const SKIP_SECONDS = 5

/** `opening` until the browser knows whether it can play the recording. */
export type PlayerState = 'empty' | 'opening' | 'ready' | 'unplayable'

export const audio = new Audio()
export const playerState = signal<PlayerState>('empty')
export const isPlaying = signal(false)
/** In seconds of the recording. */
export const position = signal(0)
/** Undefined until the browser knows it. */
export const lengthSeconds = signal<number | undefined>(undefined)
export const speed = signal(1)

let openKey: string | undefined
/** True while the end of a recording without a length is looked for. */
let isMeasuring = false

/**
 * Opens a recording, or none. The one that is open already goes on.
 *
 * @param key  tells recordings apart.
 */
export function openRecording(key: string, recording: Blob | undefined): void {
  const newKey = recording === undefined ? undefined : key
  if (newKey === openKey) return
  openKey = newKey
  audio.pause()
  URL.revokeObjectURL(audio.src)
  position.value = 0
  lengthSeconds.value = undefined
  isMeasuring = false
  if (recording === undefined) {
    audio.removeAttribute('src')
    playerState.value = 'empty'
  } else {
    playerState.value = 'opening'
    audio.src = URL.createObjectURL(recording)
  }
}

export function isReady(): boolean {
  return playerState.value === 'ready'
}

/** Plays from there. */
export function playFrom(seconds: number): void {
  seek(seconds)
  if (isReady()) void audio.play().catch(() => {}) // it was paused, or another recording opened, before it began
}

export function togglePlaying(): void {
  if (!isReady()) return
  if (audio.paused) void audio.play().catch(() => {})
  else audio.pause()
}

export function seek(seconds: number): void {
  if (!isReady()) return
  audio.currentTime = Math.max(0, Math.min(seconds, lengthSeconds.value ?? seconds))
  position.value = audio.currentTime
}

export function skip(seconds: number): void {
  seek(position.value + seconds)
}

audio.preload = 'auto'
audio.preservesPitch = true
effect(() => {
  audio.defaultPlaybackRate = speed.value
  audio.playbackRate = speed.value
})

audio.addEventListener('loadedmetadata', () => {
  if (Number.isFinite(audio.duration)) return becomeReady()
  isMeasuring = true
  audio.currentTime = Number.MAX_SAFE_INTEGER // what a browser has recorded tells its length only at its end
})
audio.addEventListener('durationchange', () => {
  if (!isMeasuring || !Number.isFinite(audio.duration)) return
  audio.currentTime = 0
  becomeReady()
})
audio.addEventListener('canplay', () => {
  // Firefox has refused to go to the end, as to any other place of what has no index: it is played from its beginning.
  if (isMeasuring && !audio.seeking && audio.currentTime === 0) becomeReady()
})
audio.addEventListener('error', () => {
  if (openKey !== undefined) playerState.value = 'unplayable'
})
audio.addEventListener('play', () => {
  isPlaying.value = true
  requestAnimationFrame(followPlaying)
})
for (const event of ['pause', 'ended', 'emptied'] as const) {
  audio.addEventListener(event, () => {
    isPlaying.value = false
  })
}
for (const event of ['timeupdate', 'seeked'] as const) audio.addEventListener(event, () => followPosition())

function becomeReady(): void {
  isMeasuring = false
  lengthSeconds.value = Number.isFinite(audio.duration) ? audio.duration : undefined
  playerState.value = 'ready'
}

function followPosition(): void {
  if (!isMeasuring) position.value = audio.currentTime
}

/** The browser's own event comes four times a second, which is less often than words. */
function followPlaying(): void {
  followPosition()
  if (!audio.paused) requestAnimationFrame(followPlaying)
}

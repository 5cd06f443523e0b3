/** The outline of the sound: shows the player's position and takes another. */

import { effect } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import type WaveSurfer from 'wavesurfer.js'
import { isDark } from '../browser/theme.ts'
import { strings } from '../i18n/index.ts'
import { audio, position, SKIP_SECONDS, seek, skip } from '../state/player.ts'
import { clock } from '../text/time.ts'

/** Fixed, so that the style that the library brings is always the one that the page's policy allows. */
const HEIGHT = 64

export interface WaveformProps {
  readonly peaks: readonly number[]
  readonly durationSeconds: number
}

export function Waveform({ peaks, durationSeconds }: WaveformProps) {
  const place = useRef<HTMLDivElement>(null)
  const wave = useRef<WaveSurfer | undefined>(undefined)

  useEffect(() => {
    let isGone = false
    let stop: (() => void) | undefined
    void library().then((Library) => {
      const container = place.current // null from the moment it is taken away, isGone only after the next paint
      if (isGone || container === null || Library === undefined) return
      const drawn = Library.create({
        container,
        media: audio,
        url: audio.src,
        peaks: [[...peaks]],
        duration: durationSeconds,
        height: HEIGHT,
        barWidth: 2,
        barGap: 1.5,
        barRadius: 2,
        barMinHeight: 1,
        cursorWidth: 2,
        normalize: true,
        dragToSeek: true,
        hideScrollbar: true,
      })
      wave.current = drawn
      stop = effect(() => {
        isDark() // read, so that a change of it paints again
        drawn.setOptions(colours(container))
      })
    })
    return () => {
      isGone = true
      stop?.()
      wave.current?.destroy()
      wave.current = undefined
    }
  }, [peaks, durationSeconds])

  const t = strings.value.player
  return (
    <div
      ref={place}
      class="waveform"
      role="slider"
      tabIndex={0}
      aria-label={t.position}
      aria-valuemin={0}
      aria-valuemax={Math.round(durationSeconds)}
      aria-valuenow={Math.round(position.value)}
      aria-valuetext={t.positionText(clock(position.value), clock(durationSeconds))}
      onKeyDown={(event) => {
        const move = MOVES[event.key]
        if (move === undefined) return
        move(durationSeconds)
        event.preventDefault()
      }}
    />
  )
}

/** Undefined where the service is away, or has another build of the page by now: then nothing is drawn, and all else works. */
async function library(): Promise<typeof WaveSurfer | undefined> {
  try {
    return (await import('wavesurfer.js')).default
  } catch {
    return undefined
  }
}

/** As a slider's keys are. */
const MOVES: Readonly<Record<string, (duration: number) => void>> = {
  ArrowLeft: () => skip(-SKIP_SECONDS),
  ArrowDown: () => skip(-SKIP_SECONDS),
  ArrowRight: () => skip(SKIP_SECONDS),
  ArrowUp: () => skip(SKIP_SECONDS),
  PageDown: (duration) => skip(-duration / 10),
  PageUp: (duration) => skip(duration / 10),
  Home: () => seek(0),
  End: (duration) => seek(duration),
}

/** The stylesheet's, as the canvas wants them. */
function colours(place: HTMLElement): { waveColor: string; progressColor: string; cursorColor: string } {
  const probe = document.createElement('span')
  place.append(probe)
  const colour = (name: string) => {
    probe.className = name
    return getComputedStyle(probe).color
  }
  const found = {
    waveColor: colour('wave-colour'),
    progressColor: colour('wave-done-colour'),
    cursorColor: colour('wave-cursor-colour'),
  }
  probe.remove()
  return found
}

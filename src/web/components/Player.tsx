/** The recording to listen to, above its text. */

import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { wordPeaks } from '../audio/outline.ts'
import { decimal, strings } from '../i18n/index.ts'
import { listenTo } from '../state/document.ts'
import { outlineOf } from '../state/outline.ts'
import {
  audio,
  isPlaying,
  lengthSeconds,
  openRecording,
  playerState,
  position,
  SKIP_SECONDS,
  SPEEDS,
  skip,
  speed,
  togglePlaying,
} from '../state/player.ts'
import { clock } from '../text/time.ts'
import type { Segment } from '../transcript/transcript.ts'
import { Dialog } from './Dialog.tsx'
import { Icon } from './Icon.tsx'
import { IconButton } from './IconButton.tsx'
import { Waveform } from './Waveform.tsx'

export interface PlayerProps {
  /** Of the transcript that the recording belongs to. */
  readonly id: string
  /** Undefined where it is not kept. */
  readonly recording: Blob | undefined
  readonly durationSeconds: number | undefined
  readonly segments: readonly Segment[]
  /** Whether the reader may give a recording that is not kept. */
  readonly mayChooseAgain?: boolean
}

export function Player({ id, recording, durationSeconds, segments, mayChooseAgain = false }: PlayerProps) {
  const t = strings.value.player
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => openRecording(id, recording), [id, recording])
  useEffect(() => place.current?.append(audio), [])
  const duration = lengthSeconds.value ?? durationSeconds
  // A file of which there is neither sound nor text needs no player.
  const isUseless = playerState.value === 'unplayable' && segments.length === 0
  return (
    <section class="player" aria-label={t.label} hidden={isUseless}>
      <div ref={place} hidden />
      {playerState.value === 'unplayable' && <p class="player-note">{t.cannotPlay}</p>}
      {playerState.value === 'empty' && mayChooseAgain && <ChooseAgain />}
      {(playerState.value === 'ready' || playerState.value === 'opening') && (
        <>
          <Sound id={id} recording={recording} durationSeconds={duration} segments={segments} />
          <Controls durationSeconds={duration} />
        </>
      )}
    </section>
  )
}

function Sound({ id, recording, durationSeconds, segments }: Omit<PlayerProps, 'mayChooseAgain'>) {
  const [outline, setOutline] = useState<readonly number[] | 'drawing' | 'none'>('drawing')
  useEffect(() => {
    if (recording === undefined || durationSeconds === undefined) return
    let isGone = false
    void outlineOf(id, recording, durationSeconds).then((peaks) => {
      if (!isGone) setOutline(peaks ?? 'none')
    })
    return () => {
      isGone = true
    }
  }, [id, recording, durationSeconds === undefined])
  const words = useMemo(() => wordPeaks(segments, durationSeconds ?? 0), [segments, durationSeconds])
  const t = strings.value.player
  if (outline === 'drawing' || durationSeconds === undefined) return <div class="waveform drawing">{t.drawing}</div>
  return (
    <>
      <Waveform peaks={outline === 'none' ? words : outline} durationSeconds={durationSeconds} />
      {outline === 'none' && <p class="hint">{t.wordsDrawn}</p>}
    </>
  )
}

function Controls({ durationSeconds }: { readonly durationSeconds: number | undefined }) {
  const t = strings.value.player
  const isReady = playerState.value === 'ready'
  return (
    <div class="player-controls">
      <IconButton icon="back" label={t.back} disabled={!isReady} onClick={() => skip(-SKIP_SECONDS)} />
      <button
        type="button"
        class="primary round"
        aria-label={isPlaying.value ? t.pause : t.play}
        disabled={!isReady}
        onClick={togglePlaying}
      >
        <Icon name={isPlaying.value ? 'pause' : 'play'} size={22} />
      </button>
      <IconButton icon="forward" label={t.forward} disabled={!isReady} onClick={() => skip(SKIP_SECONDS)} />
      <Clock durationSeconds={durationSeconds} />
      <label class="speed">
        <span class="visually-hidden">{t.speed}</span>
        <select
          value={speed.value}
          title={t.speed}
          onChange={({ currentTarget }) => {
            speed.value = Number(currentTarget.value)
          }}
        >
          {SPEEDS.map((rate) => (
            <option key={rate} value={rate}>
              {decimal(rate, 2)}×
            </option>
          ))}
        </select>
      </label>
      <KeysButton />
    </div>
  )
}

/** Alone, since it changes with every picture. */
function Clock({ durationSeconds }: { readonly durationSeconds: number | undefined }) {
  return (
    <span class="figures player-clock">
      {clock(position.value)} <span class="soft">/ {durationSeconds === undefined ? '–' : clock(durationSeconds)}</span>
    </span>
  )
}

function KeysButton() {
  const t = strings.value.player
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <IconButton icon="keyboard" label={t.keys} class="keys-button" onClick={() => setOpen(true)} />
      {isOpen && (
        <Dialog title={t.keysTitle} onClose={() => setOpen(false)}>
          <dl class="keys">
            {t.keyTable.map(([key, meaning]) => (
              <div key={key}>
                <dt>
                  <kbd>{key}</kbd>
                </dt>
                <dd>{meaning}</dd>
              </div>
            ))}
          </dl>
          <div class="dialog-actions">
            <button type="button" onClick={() => setOpen(false)}>
              {t.close}
            </button>
          </div>
        </Dialog>
      )}
    </>
  )
}

function ChooseAgain() {
  const t = strings.value.player
  const input = useRef<HTMLInputElement>(null)
  return (
    <p class="player-note">
      {t.noAudio}{' '}
      <button type="button" class="small" onClick={() => input.current?.click()}>
        {t.chooseAgain}
      </button>
      <input
        ref={input}
        type="file"
        hidden
        onChange={({ currentTarget }) => {
          const file = currentTarget.files?.[0]
          if (file !== undefined) listenTo(file)
        }}
      />
    </p>
  )
}

/** The microphone: asking for it, its level while it records, and what to do with the recording. */

import { useEffect, useRef, useState } from 'preact/hooks'
import { Recorder, RecorderError, type RecorderFailure } from '../audio/recorder.ts'
import { locale, strings } from '../i18n/index.ts'
import { clock, isoDuration } from '../text/time.ts'
import { Icon } from './Icon.tsx'
import { LevelMeter } from './LevelMeter.tsx'
import { sendFiles } from './send-files.ts'

type State =
  | { readonly kind: 'asking' }
  | { readonly kind: 'failed'; readonly failure: RecorderFailure }
  | { readonly kind: 'recording'; readonly recorder: Recorder }
  | { readonly kind: 'ready'; readonly file: File; readonly seconds: number }

/** So quiet for so long, and the reader is asked whether the microphone is on. */
const QUIET_LEVEL = 0.15
const QUIET_SECONDS = 4

export function RecorderPanel({ onClose }: { readonly onClose: () => void }) {
  const t = strings.value.recorder
  const [state, setState] = useState<State>({ kind: 'asking' })

  useEffect(() => {
    let recorder: Recorder | undefined
    let isGone = false
    Recorder.start().then(
      (started) => {
        recorder = started
        if (isGone) started.discard()
        else setState({ kind: 'recording', recorder: started })
      },
      (error: unknown) => {
        if (!isGone) setState({ kind: 'failed', failure: error instanceof RecorderError ? error.failure : 'failed' })
      },
    )
    return () => {
      isGone = true
      recorder?.discard()
    }
  }, [])

  async function stop(recorder: Recorder): Promise<void> {
    const seconds = recorder.seconds
    const when = new Date().toLocaleString(locale.value, { dateStyle: 'short', timeStyle: 'short' })
    const file = await recorder.stop(t.fileName(when.replace(/[/:,]+/g, '-')))
    setState({ kind: 'ready', file, seconds })
  }

  if (state.kind === 'asking') {
    return (
      <div class="drop-zone recorder" role="status">
        <Icon name="microphone" size={36} />
        <p>{t.asking}</p>
        <button type="button" onClick={onClose}>
          {t.discard}
        </button>
      </div>
    )
  }
  if (state.kind === 'failed') {
    return (
      <div class="drop-zone recorder" role="alert">
        <Icon name="warning" size={36} />
        <p>{t[state.failure]}</p>
        <button type="button" onClick={onClose}>
          {t.close}
        </button>
      </div>
    )
  }
  if (state.kind === 'recording') return <Recording recorder={state.recorder} onStop={stop} onDiscard={onClose} />
  return (
    <div class="drop-zone recorder">
      <p class="drop-title">
        {t.ready} · <time dateTime={isoDuration(state.seconds)}>{clock(state.seconds)}</time>
      </p>
      <Playback file={state.file} />
      <div class="drop-actions">
        <button
          type="button"
          class="primary"
          onClick={() => {
            onClose()
            sendFiles([state.file])
          }}
        >
          <Icon name="check" /> {t.transcribe}
        </button>
        <button type="button" onClick={onClose}>
          <Icon name="trash" /> {t.discard}
        </button>
      </div>
    </div>
  )
}

interface RecordingProps {
  readonly recorder: Recorder
  readonly onStop: (recorder: Recorder) => void
  readonly onDiscard: () => void
}

function Recording({ recorder, onStop, onDiscard }: RecordingProps) {
  const t = strings.value.recorder
  const [seconds, setSeconds] = useState(0)
  const [isQuiet, setQuiet] = useState(false)
  const stopButton = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    stopButton.current?.focus()
    recorder.onEnded(() => onStop(recorder))
    let heardAt = 0
    const timer = setInterval(() => {
      if (recorder.level > QUIET_LEVEL) heardAt = recorder.seconds
      setSeconds(Math.floor(recorder.seconds))
      setQuiet(recorder.seconds - heardAt > QUIET_SECONDS)
    }, 200)
    return () => clearInterval(timer)
  }, [])
  return (
    <div class="drop-zone recorder">
      <p class="drop-title">
        <span class="recording-dot" /> {t.title} · <time dateTime={isoDuration(seconds)}>{clock(seconds)}</time>
      </p>
      <LevelMeter label={t.level} level={() => recorder.level} />
      <p class="soft" role="status">
        {isQuiet && t.quiet}
      </p>
      <div class="drop-actions">
        <button ref={stopButton} type="button" class="primary" onClick={() => onStop(recorder)}>
          <Icon name="stop" /> {t.stop}
        </button>
        <button type="button" onClick={onDiscard}>
          <Icon name="trash" /> {t.discard}
        </button>
      </div>
    </div>
  )
}

/** What was recorded, to listen to before it is sent. */
function Playback({ file }: { readonly file: File }) {
  const player = useRef<HTMLAudioElement>(null)
  useEffect(() => {
    const url = URL.createObjectURL(file)
    player.current!.src = url // rendered below
    return () => URL.revokeObjectURL(url)
  }, [file])
  // biome-ignore lint/a11y/useMediaCaption: its text is what is about to be made
  return <audio ref={player} controls />
}

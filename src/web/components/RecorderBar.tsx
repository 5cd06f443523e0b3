/** The microphone, above every view: asking for it, its level while it records, and how it ended. */

import { useEffect, useRef, useState } from 'preact/hooks'
import type { Recorder } from '../audio/recorder.ts'
import { strings } from '../i18n/index.ts'
import { confirmed } from '../state/confirm.ts'
import { discardRecording, dismissRecorder, isCaptureKept, recorderState, stopRecording } from '../state/recorder.ts'
import { go, transcriptAddress } from '../state/route.ts'
import { clock, isoDuration } from '../text/time.ts'
import { Icon } from './Icon.tsx'
import { LevelMeter } from './LevelMeter.tsx'

/** So quiet for so long, and the reader is asked whether the microphone is on. */
const QUIET_LEVEL = 0.15
const QUIET_SECONDS = 4

export function RecorderBar() {
  const t = strings.value.recorder
  const state = recorderState.value
  switch (state.kind) {
    case 'idle':
      return null
    case 'asking':
      return (
        <div class="banner recorder" role="status">
          <Icon name="microphone" />
          <p>{t.asking}</p>
          <button type="button" onClick={dismissRecorder}>
            {t.cancel}
          </button>
        </div>
      )
    case 'recording':
      return <Recording recorder={state.recorder} />
    default:
      return (
        <div class="banner warn recorder" role="alert">
          <Icon name="warning" />
          <p>{state.kind === 'failed' ? t[state.failure] : t.ended}</p>
          <span class="banner-end">
            {state.kind === 'ended' && (
              <a class="button" href={transcriptAddress(state.jobId)} onClick={dismissRecorder}>
                {t.open}
              </a>
            )}
            <button type="button" onClick={dismissRecorder}>
              {t.close}
            </button>
          </span>
        </div>
      )
  }
}

function Recording({ recorder }: { readonly recorder: Recorder }) {
  const t = strings.value.recorder
  const [seconds, setSeconds] = useState(0)
  const [isQuiet, setQuiet] = useState(false)
  const stopButton = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    stopButton.current?.focus()
    let heardAt = 0
    const timer = setInterval(() => {
      if (recorder.level > QUIET_LEVEL) heardAt = recorder.seconds
      setSeconds(Math.floor(recorder.seconds))
      setQuiet(recorder.seconds - heardAt > QUIET_SECONDS)
    }, 200)
    return () => clearInterval(timer)
  }, [])
  return (
    <section class={isCaptureKept.value ? 'banner recorder' : 'banner warn recorder'} aria-label={t.bar}>
      <p class="recorder-title">
        <span class="recording-dot" /> <strong>{t.title}</strong> ·{' '}
        <time dateTime={isoDuration(seconds)}>{clock(seconds)}</time>
      </p>
      <LevelMeter label={t.level} level={() => recorder.level} />
      <span class="banner-end">
        <button ref={stopButton} type="button" class="primary" onClick={() => void stop()}>
          <Icon name="stop" /> {t.stop}
        </button>
        <button type="button" onClick={() => void askToDiscard()}>
          <Icon name="trash" /> {t.discard}
        </button>
      </span>
      <p class="recorder-hint" role="status">
        {isCaptureKept.value ? isQuiet && t.quiet : t.notKept}
      </p>
    </section>
  )
}

/** Shows what was recorded, to be listened to and sent. */
async function stop(): Promise<void> {
  const jobId = await stopRecording()
  if (jobId !== undefined) go(transcriptAddress(jobId))
}

/** It goes on while the reader thinks about it. */
async function askToDiscard(): Promise<void> {
  const t = strings.value.confirm
  if (await confirmed(t.discard, t.onlyHere, t.yesDiscard)) await discardRecording()
}

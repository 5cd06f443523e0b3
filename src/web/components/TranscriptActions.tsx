/** Taking the text along: copied, or as a file of any of the formats. */

import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { copyText, saveFile } from '../browser/save.ts'
import { strings } from '../i18n/index.ts'
import { announce } from '../state/announce.ts'
import { type Transcript, textOf } from '../transcript/transcript.ts'
import { type DownloadFormat, downloadOf, FORMATS } from './downloads.ts'
import { Icon } from './Icon.tsx'

export interface TranscriptActionsProps {
  readonly transcript: Transcript
  readonly children?: ComponentChildren
}

/** How long a button says that it has done its work. */
const SAID_MS = 2_500

export function TranscriptActions({ transcript, children }: TranscriptActionsProps) {
  const t = strings.value.transcript
  const [said, say] = useState<string | undefined>(undefined)
  const tell = (text: string) => {
    say(text)
    announce(text)
    setTimeout(say, SAID_MS, undefined)
  }
  async function copy(): Promise<void> {
    tell((await copyText(textOf(transcript.segments))) ? t.copied : t.copyFailed)
  }
  async function download(format: DownloadFormat): Promise<void> {
    try {
      const { name, content } = await downloadOf(transcript, format)
      saveFile(name, content)
    } catch {
      tell(t.downloadFailed) // the writer of Word documents could not be loaded
    }
  }
  return (
    <div class="actions">
      <button type="button" onClick={() => void copy()}>
        <Icon name={said === t.copied ? 'check' : 'copy'} size={16} /> {said ?? t.copy}
      </button>
      <fieldset class="downloads" aria-label={t.download}>
        <span class="downloads-label">
          <Icon name="download" size={16} /> {t.download}
        </span>
        {FORMATS.map((format) => (
          <button
            key={format}
            type="button"
            aria-label={t.downloadAs(format.toUpperCase())}
            onClick={() => void download(format)}
          >
            {format}
          </button>
        ))}
      </fieldset>
      {children}
    </div>
  )
}

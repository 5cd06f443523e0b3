/** Everything that is kept, taken along as one file or taken over from one. */

import { useRef, useState } from 'preact/hooks'
import { saveFile } from '../browser/save.ts'
import { strings } from '../i18n/index.ts'
import { summaries } from '../state/history.ts'
import { jobs } from '../state/queue.ts'
import { Icon } from './Icon.tsx'

export function Archive() {
  const t = strings.value.list
  const input = useRef<HTMLInputElement>(null)
  const [said, say] = useState('')
  const [isBusy, setBusy] = useState(false)
  async function during(words: string, work: () => Promise<string>): Promise<void> {
    say(words)
    setBusy(true)
    say(await work())
    setBusy(false)
  }
  const isEmpty = summaries.value.length === 0 && !jobs.value.some((job) => job.isFromMicrophone)
  return (
    <div class="archive">
      {!isEmpty && (
        <button type="button" class="quiet small" disabled={isBusy} onClick={() => during(t.exporting, save)}>
          <Icon name="download" size={16} /> {t.exportAll}
        </button>
      )}
      <button type="button" class="quiet small" disabled={isBusy} onClick={() => input.current?.click()}>
        <Icon name="upload" size={16} /> {t.importAll}
      </button>
      <input
        ref={input}
        type="file"
        accept=".zip,application/zip"
        hidden
        onChange={({ currentTarget }) => {
          const file = currentTarget.files?.[0]
          if (file !== undefined) void during(t.importing, () => takeOver(file))
          currentTarget.value = '' // so that the same file may be chosen again
        }}
      />
      <p role="status">{said}</p>
    </div>
  )
}

/** What there is to say when it is done. */
async function save(): Promise<string> {
  const t = strings.value.list
  try {
    const { exportAll } = await import('../state/exchange.ts') // seldom asked for
    const file = await exportAll()
    if (file === undefined) return t.exportTooLarge
    saveFile(`paradox-asr ${new Date().toISOString().slice(0, 10)}.zip`, file)
    return ''
  } catch {
    return t.exportFailed // its script could not be loaded, or a recording not be read
  }
}

async function takeOver(file: File): Promise<string> {
  const t = strings.value.list
  try {
    const { importAll } = await import('../state/exchange.ts')
    const { done, total } = await importAll(file)
    return done === total ? t.imported(done) : t.importFull(done, total)
  } catch (error) {
    return (error as Error).name === 'ArchiveError' ? t.importBroken : t.importFailed
  }
}

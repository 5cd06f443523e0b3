/** Files may be dropped anywhere on the page. */

import { useEffect, useState } from 'preact/hooks'
import { droppedFiles } from '../browser/drop.ts'
import { strings } from '../i18n/index.ts'
import { announce } from '../state/announce.ts'
import { sendFiles } from './send-files.ts'

export function DropOverlay() {
  const [isOver, setOver] = useState(false)
  useEffect(() => {
    const hasFiles = ({ dataTransfer }: DragEvent) => dataTransfer?.types.includes('Files') ?? false
    const over = (event: DragEvent) => {
      if (!hasFiles(event)) return
      event.preventDefault() // else the browser opens the file in the place of the page
      setOver(true)
    }
    const leave = (event: DragEvent) => {
      if (event.relatedTarget === null) setOver(false) // left the window
    }
    const drop = async (event: DragEvent) => {
      setOver(false)
      if (event.dataTransfer === null || !hasFiles(event)) return
      event.preventDefault()
      const files = await droppedFiles(event.dataTransfer)
      if (files.length === 0) announce(strings.value.intake.nothingDropped)
      else sendFiles(files)
    }
    addEventListener('dragover', over)
    addEventListener('dragleave', leave)
    addEventListener('drop', drop)
    return () => {
      removeEventListener('dragover', over)
      removeEventListener('dragleave', leave)
      removeEventListener('drop', drop)
    }
  }, [])
  if (!isOver) return null
  return (
    <div class="drop-overlay" aria-hidden="true">
      <p>{strings.value.intake.dropAnywhere}</p>
    </div>
  )
}

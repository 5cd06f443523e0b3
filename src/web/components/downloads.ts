/** The files that a transcript can be saved as. */

import { writeJson } from '../formats/json.ts'
import { writeSrt, writeVtt } from '../formats/subtitles.ts'
import { paragraphsOf, writeText } from '../formats/text.ts'
import { stem } from '../text/file-name.ts'
import type { Transcript } from '../transcript/transcript.ts'
import { detailsOf } from './details.ts'

export const FORMATS = ['txt', 'srt', 'vtt', 'docx', 'json'] as const
export type DownloadFormat = (typeof FORMATS)[number]

const WRITERS: Readonly<Record<DownloadFormat, (transcript: Transcript) => Blob | Promise<Blob>>> = {
  txt: ({ segments }) => textBlob(writeText(segments), 'text/plain'),
  srt: (transcript) => textBlob(writeSrt(transcript), 'application/x-subrip'),
  vtt: (transcript) => textBlob(writeVtt(transcript), 'text/vtt'),
  json: (transcript) => textBlob(writeJson(transcript), 'application/json'),
  docx: async (transcript) => {
    const { writeDocx } = await import('../formats/docx.ts') // larger than all the rest, and seldom asked for
    const paragraphs = paragraphsOf(transcript.segments)
    return writeDocx({ title: stem(transcript.name), details: detailsOf(transcript), paragraphs })
  },
}

/** @throws when what writes the format cannot be loaded. */
export async function downloadOf(
  transcript: Transcript,
  format: DownloadFormat,
): Promise<{ readonly name: string; readonly content: Blob }> {
  return { name: `${stem(transcript.name)}.${format}`, content: await WRITERS[format](transcript) }
}

function textBlob(text: string, type: string): Blob {
  return new Blob([text], { type: `${type};charset=utf-8` })
}

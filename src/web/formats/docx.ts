/** A Word document: title, what is known of the recording, paragraphs with their times. Loaded when it is asked for. */

import { Document, Footer, HeadingLevel, Packer, PageNumber, Paragraph, TextRun } from 'docx'
import { clock } from '../text/time.ts'
import type { ParagraphText } from './text.ts'

export interface DocxContent {
  readonly title: string
  /** Length, language, date and so on. */
  readonly details: readonly string[]
  readonly paragraphs: readonly ParagraphText[]
}

const GREY = '6b6b6b'

export function writeDocx({ title, details, paragraphs }: DocxContent): Promise<Blob> {
  const document = new Document({
    title,
    creator: 'Paradox ASR',
    styles: {
      default: { document: { run: { font: 'Calibri', size: 22 }, paragraph: { spacing: { after: 160, line: 300 } } } },
    },
    sections: [
      {
        footers: {
          default: new Footer({
            children: [new Paragraph({ children: [new TextRun({ children: [PageNumber.CURRENT], color: GREY })] })],
          }),
        },
        children: [
          new Paragraph({ heading: HeadingLevel.HEADING_1, children: [new TextRun(title)] }),
          new Paragraph({ children: [new TextRun({ text: details.join(' · '), color: GREY })] }),
          ...paragraphs.map(({ start, text }) => {
            return new Paragraph({
              children: [new TextRun({ text: `${clock(start)}  `, color: GREY }), new TextRun(text)],
            })
          }),
        ],
      },
    ],
  })
  return Packer.toBlob(document)
}

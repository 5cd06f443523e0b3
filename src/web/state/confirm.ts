/** One question at a time that has to be answered before something is lost. */

import { signal } from '@preact/signals'
import { strings } from '../i18n/index.ts'

export interface Question {
  readonly title: string
  readonly text: string
  /** What the button says that loses it. */
  readonly yes: string
  readonly answer: (isYes: boolean) => void
}

export const question = signal<Question | undefined>(undefined)

export function confirmed(title: string, text: string, yes = strings.value.confirm.yes): Promise<boolean> {
  question.value?.answer(false)
  return new Promise((resolve) => {
    question.value = {
      title,
      text,
      yes,
      answer: (isYes) => {
        question.value = undefined
        resolve(isYes)
      },
    }
  })
}

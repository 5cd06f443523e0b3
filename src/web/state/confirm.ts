/** One question at a time that has to be answered before something is lost. */

import { signal } from '@preact/signals'

export interface Question {
  readonly title: string
  readonly text: string
  readonly answer: (isYes: boolean) => void
}

export const question = signal<Question | undefined>(undefined)

export function confirmed(title: string, text: string): Promise<boolean> {
  question.value?.answer(false)
  return new Promise((resolve) => {
    question.value = {
      title,
      text,
      answer: (isYes) => {
        question.value = undefined
        resolve(isYes)
      },
    }
  })
}

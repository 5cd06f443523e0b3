/** Short news for screen readers, said when they are changed. */

import { signal } from '@preact/signals'

export const news = signal('')

export function announce(text: string): void {
  news.value = text
}

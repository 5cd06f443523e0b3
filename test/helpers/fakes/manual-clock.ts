/** A clock that stands still until the test moves it. */

import type { Clock } from '../../../src/async/clock.ts'

export interface ManualClock extends Clock {
  /** Lets time pass, and calls back whoever is due on the way. */
  advance(ms: number): void
}

export function manualClock(): ManualClock {
  let now = Date.UTC(2026, 0, 1)
  const due = new Set<{ readonly at: number; readonly work: () => void }>()
  return {
    now: () => now,
    after(ms, work) {
      const timer = { at: now + ms, work }
      due.add(timer)
      return () => due.delete(timer)
    },
    advance(ms) {
      const end = now + ms
      for (;;) {
        const next = [...due].sort((a, b) => a.at - b.at)[0]
        if (!next || next.at > end) break
        due.delete(next)
        now = next.at
        next.work()
      }
      now = end
    },
  }
}

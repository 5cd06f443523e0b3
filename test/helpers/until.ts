/** The one way in which tests wait for what sends no event. */

import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'

const POLL_MS = 10

/**
 * Waits until a condition holds; for a minute, so that a failure cannot hang.
 *
 * @param what  it waits for, as the failure is to say it; left out: the condition as it is written.
 */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what = writtenAs(holds),
  seconds = 60,
): Promise<void> {
  const deadline = performance.now() + seconds * 1000
  while (!(await holds())) {
    assert.ok(performance.now() < deadline, `within ${seconds} s it did not come to this: ${what}`)
    await setTimeout(POLL_MS)
  }
}

function writtenAs(holds: () => unknown): string {
  return String(holds)
    .replace(/^(?:async )?\(\) => /, '')
    .replaceAll(/\s+/g, ' ')
}

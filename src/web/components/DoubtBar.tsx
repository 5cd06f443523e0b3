/** Which words are marked as unsure, what the marks mean, and the way to the next of them. */

import { percent, strings } from '../i18n/index.ts'
import { chooseDoubtLimit, doubtLimit } from '../state/doubt.ts'
import { LIMITS, unsureWords } from '../transcript/doubt.ts'
import type { Segment } from '../transcript/transcript.ts'
import { Icon } from './Icon.tsx'
import { goToNextUnsure } from './transcript-keys.ts'

export interface DoubtBarProps {
  readonly segments: readonly Segment[]
  readonly canPlay: boolean
}

export function DoubtBar({ segments, canPlay }: DoubtBarProps) {
  if (segments.every(({ words }) => words.length === 0)) return null
  const t = strings.value.doubt
  const count = unsureWords(segments, doubtLimit.value).length
  return (
    <div class="doubt-bar">
      <label>
        <span>{t.mark}</span>
        <select
          value={doubtLimit.value}
          onChange={({ currentTarget }) => chooseDoubtLimit(Number(currentTarget.value))}
        >
          {LIMITS.map((limit) => (
            <option key={limit} value={limit}>
              {limit === 0 ? t.off : t.limit(percent(limit))}
            </option>
          ))}
        </select>
      </label>
      {doubtLimit.value > 0 && (
        <p class="doubt-count">
          {count === 0 ? (
            t.none
          ) : (
            <>
              {t.count(count)} <span class="word unsure">{t.sample}</span>
            </>
          )}
        </p>
      )}
      {count > 0 && canPlay && (
        <button type="button" class="quiet small" onClick={goToNextUnsure}>
          {t.next} <Icon name="next" size={16} />
        </button>
      )}
    </div>
  )
}

/** What went wrong: in the reader's language, and below it what the service said. */

import type { ComponentChildren } from 'preact'
import type { Problem } from '../api/problem.ts'
import { strings } from '../i18n/index.ts'
import { Icon } from './Icon.tsx'

export interface ProblemNoteProps {
  readonly problem: Problem
  /** A sentence of ours in the place of the service's. */
  readonly detail?: string | undefined
  readonly children?: ComponentChildren
}

export function ProblemNote({ problem, detail, children }: ProblemNoteProps) {
  const t = strings.value.problems
  return (
    <div class="note bad" role="alert">
      <Icon name="warning" />
      <div class="note-body">
        <strong>{t[problem.kind]}</strong>
        {detail !== undefined && <p>{detail}</p>}
        {problem.sentence !== undefined && (
          <p>
            {problem.kind !== 'page' && <span class="soft">{t.said}</span>} <q lang="en">{problem.sentence}</q>
          </p>
        )}
        {children !== undefined && <div class="note-actions">{children}</div>}
      </div>
    </div>
  )
}

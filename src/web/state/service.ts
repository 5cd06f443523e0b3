/** What the service has told about itself: its limits, its models, and which of them are in memory. */

import { computed, signal } from '@preact/signals'
import type { Limits } from '../../http/surfaces/openai/limits-answer.ts'
import { type Engine, listEngines, listModels, type Model } from '../api/models.ts'
import { type Problem, ProblemError } from '../api/problem.ts'
import { getLimits } from '../api/service.ts'
import { noteUnreachable } from './connection.ts'

export const limits = signal<Limits | undefined>(undefined)
export const models = signal<readonly Model[] | undefined>(undefined)
export const engines = signal<readonly Engine[]>([])
/** Why the last question was not answered. */
export const serviceProblem = signal<Problem | undefined>(undefined)

/** The model that serves where none is named: the one that OpenAI's name stands for, unless the operator says otherwise. */
export const defaultModel = computed(() => models.value?.find(({ aliases }) => aliases.includes('whisper-1')))

export const loadedModels = computed(() => engines.value.filter(({ state }) => state === 'loaded'))

export function refreshService(): Promise<void> {
  return noting(async () => {
    const [newLimits, newModels, newEngines] = await Promise.all([getLimits(), listModels(), listEngines()])
    limits.value = newLimits
    models.value = newModels
    engines.value = newEngines
  })
}

/** The part that changes by itself. */
export function refreshEngines(): Promise<void> {
  return noting(async () => {
    engines.value = await listEngines()
  })
}

async function noting(ask: () => Promise<void>): Promise<void> {
  try {
    await ask()
    serviceProblem.value = undefined
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error
    serviceProblem.value = error.problem
    if (error.problem.kind === 'unreachable') noteUnreachable()
  }
}

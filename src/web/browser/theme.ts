/** Light, dark, or whatever the system says. */

import { effect, signal } from '@preact/signals'
import { recall, remember } from './storage.ts'

export const THEMES = ['system', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

export const theme = signal<Theme>(THEMES.find((known) => known === recall('theme')) ?? 'system')

export function chooseTheme(chosen: Theme): void {
  theme.value = chosen
  remember('theme', chosen === 'system' ? undefined : chosen)
}

const systemIsDark = matchMedia('(prefers-color-scheme: dark)')
const isSystemDark = signal(systemIsDark.matches)
systemIsDark.addEventListener('change', ({ matches }) => {
  isSystemDark.value = matches
})

/** Whether the page is dark now; what draws by itself draws again when it changes. */
export function isDark(): boolean {
  return theme.value === 'dark' || (theme.value === 'system' && isSystemDark.value)
}

/** The stylesheet does the rest. */
export function applyTheme(): void {
  effect(() => {
    document.documentElement.dataset.theme = theme.value
  })
}

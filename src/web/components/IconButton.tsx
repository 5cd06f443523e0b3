/** A button of a picture alone; what it does is read out, and shown when the pointer rests on it. */

import { Icon, type IconName } from './Icon.tsx'

export interface IconButtonProps {
  readonly icon: IconName
  /** What is read out. */
  readonly label: string
  /** What is shown, where it can be shorter because the place tells the rest. */
  readonly title?: string
  /** Of the picture, in pixels. */
  readonly size?: number
  /** For a place of its own. */
  readonly class?: string
  readonly disabled?: boolean
  readonly onClick: () => void
}

export function IconButton({ icon, label, title = label, size, class: place, disabled, onClick }: IconButtonProps) {
  return (
    <button
      type="button"
      class={place === undefined ? 'quiet square' : `quiet square ${place}`}
      aria-label={label}
      title={title}
      disabled={disabled}
      onClick={onClick}
    >
      <Icon name={icon} size={size} />
    </button>
  )
}

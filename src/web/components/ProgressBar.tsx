/** How far something is; moving to and fro where nobody knows. */

import { useLayoutEffect, useRef } from 'preact/hooks'

export interface ProgressBarProps {
  readonly label: string
  /** 0 to 1; undefined where it is not known. */
  readonly fraction: number | undefined
  /** What is read out in the place of a percentage. */
  readonly text?: string | undefined
}

export function ProgressBar({ label, fraction, text }: ProgressBarProps) {
  const bar = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    // By script, since the page's policy forbids style attributes.
    bar.current!.style.transform = fraction === undefined ? '' : `scaleX(${Math.min(1, fraction)})`
  }, [fraction])
  return (
    <div
      class={fraction === undefined ? 'progress unknown' : 'progress'}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={fraction === undefined ? undefined : Math.round(fraction * 100)}
      aria-valuetext={text}
    >
      <div ref={bar} />
    </div>
  )
}

/** How loud it is: bars that light up. Decoration for the eye; what matters is said in words beside it. */

import { useEffect, useRef } from 'preact/hooks'

const BARS = 24

export interface LevelMeterProps {
  readonly label: string
  /** Asked for each picture; 0 to 1. */
  readonly level: () => number
}

export function LevelMeter({ label, level }: LevelMeterProps) {
  const meter = useRef<HTMLDivElement>(null)
  useEffect(() => {
    let frame = requestAnimationFrame(function draw() {
      const lit = Math.round(level() * BARS)
      const bars = meter.current?.children ?? []
      for (let i = 0; i < bars.length; i++) bars[i]!.className = i < lit ? 'lit' : '' // i is below the length
      frame = requestAnimationFrame(draw)
    })
    return () => cancelAnimationFrame(frame)
  }, [])
  return (
    <div ref={meter} class="level-meter" role="img" aria-label={label}>
      {Array.from({ length: BARS }, (_, i) => (
        <span key={i} />
      ))}
    </div>
  )
}

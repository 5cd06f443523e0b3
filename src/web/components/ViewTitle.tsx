/** The heading of a view. It takes the focus when the view has been changed, so that readers hear where they are. */

import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

let isFirstView = true

export function ViewTitle({ children }: { readonly children: ComponentChildren }) {
  const title = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    if (!isFirstView) title.current?.focus({ preventScroll: true })
    isFirstView = false
  }, [])
  return (
    <h1 ref={title} tabIndex={-1} class="view-title">
      {children}
    </h1>
  )
}

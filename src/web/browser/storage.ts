/** Small settings in the browser's storage, which a visitor may have switched off. */

export function recall(name: string, store: 'localStorage' | 'sessionStorage' = 'localStorage'): string | undefined {
  try {
    return window[store].getItem(`paradox.${name}`) ?? undefined
  } catch {
    return undefined // then a setting lasts as long as the page
  }
}

/** @param value  undefined forgets it. */
export function remember(
  name: string,
  value: string | undefined,
  store: 'localStorage' | 'sessionStorage' = 'localStorage',
): void {
  try {
    if (value === undefined) window[store].removeItem(`paradox.${name}`)
    else window[store].setItem(`paradox.${name}`, value)
  } catch {}
}

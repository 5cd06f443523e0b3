/** Work that is begun several at a time and finished one after the other. */

/**
 * Begins work on items, at most `atOnce` at a time, and finishes them one after the other in their order. When one
 * fails, those that have begun are waited for before the failure is passed on.
 */
export async function inOrder<T, R>(
  items: AsyncIterable<T>,
  atOnce: number,
  {
    begin,
    finish,
  }: {
    begin: (item: T) => Promise<R>
    finish: (item: T, result: R) => Promise<void>
  },
): Promise<void> {
  const underWay: { readonly item: T; readonly result: Promise<R> }[] = []
  const finishFirst = async () => {
    const { item, result } = underWay[0]!
    await finish(item, await result)
    underWay.shift()
  }
  try {
    for await (const item of items) {
      const result = begin(item)
      result.catch(() => {}) // it is waited for in its turn
      underWay.push({ item, result })
      if (underWay.length < atOnce) continue
      await finishFirst()
    }
    while (underWay.length > 0) await finishFirst()
  } finally {
    await Promise.allSettled(underWay.map(({ result }) => result))
  }
}

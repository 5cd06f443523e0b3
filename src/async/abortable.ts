/** Promises and callbacks that an AbortSignal ends. */

/**
 * Settles as `promise` does, or rejects as soon as `signal` aborts. The work behind the promise goes on.
 *
 * @throws the signal's reason after an abort.
 */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>()
  using _listening = onAbort(signal, aborted.reject)
  return await Promise.race([aborted.promise, promise])
}

/**
 * Calls `listener` with the signal's reason when it aborts, at once where it has aborted already.
 *
 * @returns disposed of, it is not called any more.
 */
export function onAbort(signal: AbortSignal, listener: (reason: unknown) => void): Disposable {
  const abort = () => listener(signal.reason)
  if (signal.aborted) abort()
  else signal.addEventListener('abort', abort, { once: true })
  return { [Symbol.dispose]: () => signal.removeEventListener('abort', abort) }
}

/** One request and its connection: its id, its log line, its signal, how its answer ends. */
export { limitConnections } from './connection-limit.ts'
export { EventStream } from './event-stream.ts'
export { isStillSending, lingerAfterAnswer } from './lingering-close.ts'
export { limitPipelining } from './pipelining.ts'
export { echoRequestIds, requestIdOf } from './request-id.ts'
export { elapsedSeconds, isQuiet, logRequests, noteTimes, outcomeOf, type RequestFacts } from './request-log.ts'
export { requestSignal } from './request-signal.ts'
export { endUnreadAnswers } from './unread-answers.ts'

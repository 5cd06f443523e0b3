/** How many requests there may be: who waits, who is worked on, who is refused; and retries that join running work. */
export { Admission, type AdmissionState, type Entrance } from './admission.ts'
export { type Follower, SharedWork } from './shared-work.ts'

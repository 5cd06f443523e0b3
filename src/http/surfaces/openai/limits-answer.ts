/** What `GET /v1/limits` answers; the page takes its type from here. */

import { z } from 'zod'
import type { DataOf } from '../../../schema.ts'

const count = z.int().min(0)

export const limitsSchema = z.object({
  object: z.literal('limits'),
  max_upload_bytes: count,
  max_audio_seconds: count,
  running: count,
  waiting: count.describe('Those that still upload are among them.'),
  request_timeout_seconds: count.nullable().describe('null: none.'),
  requests_per_minute: count.nullable().describe('null: no limit.'),
  max_concurrency: count.describe('Recordings that are worked on at a time.'),
  max_queue: count.describe('Requests that may wait beyond that.'),
})

export type Limits = DataOf<typeof limitsSchema>

/** `stream=true`: text as soon as a window is done, in OpenAI's events. */

import type { FastifyReply, FastifyRequest } from 'fastify'
import {
  type DeltaEvent,
  type DoneEvent,
  type ProgressEvent,
  type Segment,
  type SegmentEvent,
  TextJoiner,
  type Transcription,
} from '../../../transcript/index.ts'
import { EventStream } from '../../connections/index.ts'
import type { Recording } from '../../recordings/index.ts'
import { additionsFor, segmentDetails, usageOf, verboseAnswer } from './answers.ts'
import type { AudioForm } from './audio-form.ts'
import { openAiForm } from './errors.ts'

/**
 * Sends `transcript.text.delta` and `transcript.text.segment` for each segment, and `transcript.text.done` with the whole
 * text, which is all deltas joined. The handler returns the reply.
 *
 * @throws what goes wrong before the first event; later failures are sent as an event.
 */
export async function streamAnswer(
  request: FastifyRequest,
  reply: FastifyReply,
  recording: Recording<AudioForm>,
): Promise<void> {
  const { form } = recording
  using stream = new EventStream(reply)
  const joiner = new TextJoiner()
  try {
    const transcription = await recording.transcribe({
      onSegments: (segments) => {
        for (const segment of segments) {
          stream.send(deltaEvent(joiner.push(segment), form, segment))
          stream.send(segmentEvent(segment, form))
        }
      },
      ...(form.hasProgress && { onProgress: (doneSeconds) => stream.tell(progressEvent(doneSeconds)) }),
    })
    stream.send(doneEvent(transcription, form))
  } catch (error) {
    if (!stream.hasBegun) throw error
    request.log.warn({ err: error }, 'request failed')
    stream.send(openAiForm(error, request).body)
  }
  stream.end()
}

function deltaEvent(delta: string, { hasLogprobs }: AudioForm, { logprobs = [] }: Segment): DeltaEvent {
  return { type: 'transcript.text.delta', delta, ...(hasLogprobs && { logprobs }) }
}

function segmentEvent(segment: Segment, { format }: AudioForm): SegmentEvent {
  const { id, start, end, text } = segment
  return {
    type: 'transcript.text.segment',
    id: `seg_${id}`,
    start,
    end,
    text,
    speaker: '',
    ...(format === 'verbose_json' && segmentDetails(segment)),
  }
}

function progressEvent(doneSeconds: number): ProgressEvent {
  return { type: 'transcript.progress', done_seconds: Math.round(doneSeconds * 1000) / 1000 }
}

function doneEvent(transcription: Transcription, form: AudioForm): DoneEvent {
  const { text, warnings } = transcription
  const verbose = form.format === 'verbose_json' ? verboseAnswer(form, transcription) : {}
  return {
    type: 'transcript.text.done',
    text,
    ...additionsFor(form, transcription),
    ...(warnings.length > 0 && { warnings }), // the head, which has them otherwise, has been sent
    ...verbose,
    usage: usageOf(transcription),
  }
}

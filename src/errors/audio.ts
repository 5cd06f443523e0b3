/** Recordings that cannot be read. */

import { AsrError } from './asr-error.ts'

export class AudioUnreadableError extends AsrError {
  override readonly name = 'AudioUnreadableError'
  override readonly param = 'file'
  readonly code = 'ASR_AUDIO_UNREADABLE'
  readonly remedy = 'Send a complete audio or video file, such as wav, mp3, ogg, m4a or mp4.'

  constructor(reason: string, options?: ErrorOptions) {
    super(`The file could not be read as audio (${reason}).`, options)
  }
}

export class AudioEmptyError extends AsrError {
  override readonly name = 'AudioEmptyError'
  override readonly param = 'file'
  readonly code = 'ASR_AUDIO_EMPTY'
  readonly remedy = 'Send a file that holds a recording.'

  constructor(what: string) {
    super(`The file ${what}.`)
  }
}

export class AudioTooLongError extends AsrError {
  override readonly name = 'AudioTooLongError'
  override readonly param = 'file'
  readonly code = 'ASR_AUDIO_TOO_LONG'
  readonly remedy = 'Split the recording, or raise MAX_AUDIO_SECONDS.'

  constructor(maxSeconds: number) {
    super(`The recording is longer than the allowed ${maxSeconds} seconds.`)
  }
}

export class AudioTimeoutError extends AsrError {
  override readonly name = 'AudioTimeoutError'
  readonly code = 'ASR_AUDIO_TIMEOUT'
  readonly remedy = 'Convert the file to wav or mp3 first, then send it again.'

  constructor(seconds: number) {
    super(`ffmpeg gave no audio for ${seconds} seconds and was stopped.`)
  }
}

export class FfmpegStoppedError extends AsrError {
  override readonly name = 'FfmpegStoppedError'
  readonly code = 'ASR_FFMPEG_STOPPED'
  readonly remedy = 'Send the recording again.'

  constructor(options?: ErrorOptions) {
    super('ffmpeg, which reads the audio, was stopped from outside, which says nothing of the recording.', options)
  }
}

export class FfmpegMissingError extends AsrError {
  override readonly name = 'FfmpegMissingError'
  readonly code = 'ASR_FFMPEG_MISSING'
  readonly remedy = 'Install ffmpeg (apt-get install ffmpeg) or set FFMPEG_PATH.'

  constructor(options?: ErrorOptions) {
    super('ffmpeg, which reads the audio, could not be started.', options)
  }
}

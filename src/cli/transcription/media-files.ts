/** What a folder is searched for. A file that is named is tried whatever its name is. */

import { extname } from 'node:path'

const EXTENSIONS = new Set(
  (
    '3ga 3gp 3gpp aac ac3 adts aif aifc aiff amr ape asf au avi caf eac3 f4a f4v flac flv gsm m2ts m4a m4b m4p m4v mka mkv ' +
    'mov mp2 mp3 mp4 mpeg mpg mpga mts mxf oga ogg ogv opus ra rm snd spx ts vob w64 wav wave weba webm wma wmv wv'
  ).split(' '),
)

/** True for names that audio and video files usually have. */
export function looksLikeMedia(name: string): boolean {
  return EXTENSIONS.has(extname(name).slice(1).toLowerCase())
}

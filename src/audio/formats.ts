/**
 * The demuxers that ffmpeg may use: those that read sound from the one file they are given.
 *
 * An upload chooses its own demuxer by its first bytes, and some demuxers open whatever the file names: playlists and
 * scripts (hls, dash, concat, imf, sdp, ffmetadata), picture sequences (image2), subtitle pairs (vobsub). A protocol
 * list alone cannot stop them from reading other local files, since the upload itself is read by the protocol `file`;
 * hence this list. Pictures, subtitles, capture devices and music that is computed from a score (libgme, libopenmpt,
 * sbg) are left out because they hold no recording; the sixty formats of single video games because theirs are of no use,
 * and their readers are the least looked after. A name that the installed ffmpeg lacks is ignored by it.
 */

const CONTAINERS = [
  ...['3dostr', 'asf', 'asf_o', 'avi', 'dhav', 'dv', 'flv', 'gxf', 'ivr', 'kux', 'live_flv', 'lxf', 'matroska'],
  ...['mov', 'mpeg', 'mpegts', 'mpegtsraw', 'mxf', 'mxg', 'nsv', 'nut', 'nuv', 'ogg', 'pmp', 'pva', 'rm', 'swf'],
  ...['ty', 'vivo', 'wtv'],
]

const AUDIO_FILES = [
  ...['aa', 'aac', 'ac3', 'ac4', 'act', 'aea', 'aiff', 'amr', 'ape', 'au', 'avr', 'caf', 'daud', 'dsf', 'dss', 'dts'],
  ...['dtshd', 'eac3', 'flac', 'g729', 'hcom', 'iff', 'ircam', 'lc3', 'loas', 'lvf', 'mlp', 'mmf', 'mp3', 'mpc'],
  ...['mpc8', 'nistsphere', 'oma', 'osq', 'paf', 'pvf', 'qcp', 'qoa', 'rka', 'rso', 's337m', 'sds', 'sdx'],
  ...['shn', 'siff', 'smjpeg', 'sox', 'spdif', 'tak', 'truehd', 'tta', 'voc', 'vqf', 'w64', 'wav', 'wsd', 'wv'],
  ...['wve', 'xwma'],
]

/** Without a header: ffmpeg takes them by the file name's suffix, which is why an upload keeps it. */
const RAW_SPEECH = [
  ...['alaw', 'amrnb', 'amrwb', 'aptx', 'aptx_hd', 'bit', 'codec2', 'codec2raw', 'dfpwm', 'g722', 'g723_1', 'g726'],
  ...['g726le', 'gsm', 'ilbc', 'mulaw', 'sbc', 'sln'],
]

/** Value of ffmpeg's `-format_whitelist`. */
export const FORMAT_WHITELIST = [...CONTAINERS, ...AUDIO_FILES, ...RAW_SPEECH].join(',')

/**
 * The decoders that ffmpeg may open: those of sound that the demuxers of `formats.ts` may hold.
 *
 * While ffmpeg looks for the streams of a file it opens a decoder for each, of pictures too, though only sound was asked
 * for: without this list an upload would choose among some three hundred video decoders, where most of ffmpeg's known
 * holes were. A refused video decoder costs the sound nothing. Codecs of games are left out as their demuxers are, and so
 * is what makes sound of a program (wavesynth). A name that the installed ffmpeg lacks is ignored by it.
 */

const PCM = names(`
  alaw bluray dvd f16le f24le f32be f32le f64be f64le lxf mulaw s16be s16be_planar s16le s16le_planar s24be
  s24daud s24le s24le_planar s32be s32le s32le_planar s64be s64le s8 s8_planar u16be u16le u24be u24le u32be u32le
  u8 vidc
`).map((name) => `pcm_${name}`)

const ADPCM = names(`
  adx agm aica ct ima_acorn ima_amv ima_dk3 ima_dk4 ima_magix ima_oki ima_pda ima_qt ima_smjpeg ima_wav ima_xbox
  ms psx sanyo sbpro_2 sbpro_3 sbpro_4 swf xa yamaha
`).map((name) => `adpcm_${name}`)

const FREE = names(`
  flac opus libopus vorbis libvorbis speex libspeex wavpack tta tak ape shorten mpc7 mpc8 osq qoa rka ralf bonk
  wavarc sonic dfpwm libcodec2 alac als 8svx_exp 8svx_fib mace3 mace6 paf_audio sdx2_dpcm derf_dpcm hcom
`)

const MPEG_AND_CINEMA = names(`
  mp1 mp1float mp2 mp2float mp3 mp3float mp3adu mp3adufloat mp3on4 mp3on4float aac aac_fixed aac_latm libfdk_aac
  ac3 ac3_fixed eac3 ac4 dca dolby_e mlp truehd s302m dvaudio dst dsd_lsbf dsd_lsbf_planar dsd_msbf
  dsd_msbf_planar apac
`)

const VENDORS = names(`
  wmav1 wmav2 wmapro wmalossless wmavoice xma1 xma2 atrac1 atrac3 atrac3al atrac3plus atrac3plusal atrac9 cook
  sipr real_144 real_288 qdm2 qdmc nellymoser on2avc imc iac metasound twinvq truespeech msnsiren siren
  acelp.kelvin misc4 aptx aptx_hd sbc lc3 liblc3
`)

const TELEPHONY = names(`
  amrnb amrwb libopencore_amrnb libopencore_amrwb gsm gsm_ms libgsm libgsm_ms ilbc libilbc g722 g723_1 g726 g726le
  g728 g729 evrc qcelp dss_sp comfortnoise
`)

/** Value of ffmpeg's `-codec_whitelist`. */
export const CODEC_WHITELIST = [...PCM, ...ADPCM, ...FREE, ...MPEG_AND_CINEMA, ...VENDORS, ...TELEPHONY].join(',')

function names(text: string): string[] {
  return text.trim().split(/\s+/)
}

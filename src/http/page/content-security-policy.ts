/** What the page may load and do: what comes from this service, and nothing else. */

/**
 * The one style element that wavesurfer.js puts into its own shadow tree; every other style is in the page's stylesheet.
 * It changes with the library, and the browser's refusal, which fails the tests of the page, names the new value.
 */
const WAVEFORM_STYLE = "'sha256-fF0LBso7Nz75zaFRDBUefBDvPe19hjaiDnnc8lt+2Js='"

export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  `style-src 'self' ${WAVEFORM_STYLE}`,
  "img-src 'self'",
  "connect-src 'self'",
  'media-src blob:', // recordings of the visitor's own disk and microphone
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

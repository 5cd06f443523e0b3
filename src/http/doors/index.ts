/** Doors of other servers, so that their clients only change the address: whisper-asr-webservice's and whisper.cpp's. */
export { doorRoutes } from './routes.ts'

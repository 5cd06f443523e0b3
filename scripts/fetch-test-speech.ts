/**
 * Brings recordings for the tests into the cache where those shared between checkouts are not beside the project, and prints
 * where they are. Run it as often as you like: what is there already is left alone.
 */

import { makeFreeSpeech, speechFolder } from '../test/helpers/data/speech-folder.ts'

try {
  console.log(`recordings: ${speechFolder() ?? makeFreeSpeech()}`)
} catch (error) {
  console.error((error as Error).message) // of the program that failed
  process.exitCode = 1
}

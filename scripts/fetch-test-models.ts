/** Brings the real weights that the tests need into the cache and prints where they are. Run it as often as you like. */

import { AsrError } from '../src/errors/index.ts'
import { createLogger } from '../src/logger.ts'
import { REAL_FORMS, realForm, realFormsMissing } from '../test/helpers/data/real-forms.ts'
import { testModels } from '../test/helpers/data/test-models.ts'

try {
  const models = await testModels(createLogger('info'), new AbortController().signal)
  for (const [id, folder] of Object.entries(models)) console.log(`${id}: ${folder}`)
  // Written before the suites run, since those run several files at a time.
  const missing = realFormsMissing()
  if (missing) console.log(`the named models' real forms are not written: ${missing}`)
  else for (const name of REAL_FORMS) console.log(`${name}: ${await realForm(name)}`)
} catch (error) {
  if (!(error instanceof AsrError)) throw error
  console.error(error.sentence)
  process.exitCode = 1
}

/**
 * Brings the Python programs that judge the API in the tests (test/sdk/requirements.txt) into an environment of their own
 * in the cache, and prints its interpreter. Run it as often as you like: what is there already is left alone.
 */

import { installPythonJudges } from '../test/helpers/judges/python-judges.ts'

try {
  console.log(`judges: ${installPythonJudges()}`)
} catch {
  console.error(
    "Python 3 with pip 22.3 or newer is needed (Debian: 'apt-get install python3-pip'), and a package index.",
  )
  process.exitCode = 1
}

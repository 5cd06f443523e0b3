/** The Python programs that judge the API: OpenAI's own client, and a generator of requests from an OpenAPI document. */

import { join } from 'node:path'
import { readConfig } from '../../../src/config.ts'
import { skipped } from '../skip.ts'
import { installedPython, pythonWith, readRequirements } from './python-environment.ts'

export interface PythonJudges {
  /** The interpreter that has them; empty where `skip` is a reason. */
  readonly python: string
  /** For node:test: `test('…', { skip: judges.skip }, …)`. */
  readonly skip: string | false
}

/** What set-up has installed; nothing is installed here. */
export function pythonJudges(): PythonJudges {
  const python = installedPython(folder(), requirements())
  if (python !== undefined) return { python, skip: false }
  return {
    python: '',
    skip: skipped('data', 'the Python judges are not on this machine; run "make test", which installs them'),
  }
}

/** @throws {Error} where there is no Python with pip, or no package index. */
export function installPythonJudges(): string {
  return pythonWith(folder(), requirements())
}

function folder(): string {
  return join(readConfig().engine.cacheDir, 'judges', 'venv')
}

function requirements(): string[] {
  return readRequirements(join(import.meta.dirname, '../../sdk/requirements.txt'))
}

/** Where the built page lies. */

import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** `dist/web` of the package that this file belongs to, whether it runs from its source or from somewhere else in it. */
export function pageFolder(): string {
  let folder = import.meta.dirname
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder)
  return join(folder, 'dist/web')
}

/** This program's name and version by package.json, for people and clients. */

import { readFileSync } from 'node:fs'

// Read rather than imported: the same address holds for the sources and for what is compiled from them.
const { name, version, description, license } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
) as {
  name: string
  version: string
  description: string
  license: string
} // our own file

export const PACKAGE = { name, version, description, license }

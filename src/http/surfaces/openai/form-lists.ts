/** Lists and single values in forms, in the ways in which clients write them. */

import { OptionInvalidError } from '../../../errors/index.ts'
import type { FormFields } from '../../recordings/index.ts'

/** As many items as any client has reason to send. */
const MOST_ITEMS = 1000

/** The items of a list, sent as `name[]` for each, as `name` for each, as `name[0]`, or comma-separated. */
export function listField(fields: FormFields, name: string): readonly string[] {
  const names = fields.names.filter((given) => given === name || given.replace(/\[\d*\]$/, '') === name)
  const items = names
    .flatMap((given) => fields.all(given))
    .flatMap((value) => value.split(','))
    .map((item) => item.trim())
    .filter((item) => item !== '')
  if (items.length > MOST_ITEMS) throw new OptionInvalidError(name, '…', `at most ${MOST_ITEMS} items`)
  return items
}

/**
 * Every field that is no list, by its name.
 *
 * @throws {OptionInvalidError} for one that is there twice: which of its values was meant?
 */
export function singleFields(fields: FormFields, lists: readonly string[]): Record<string, string> {
  const single = fields.last()
  for (const name of fields.names) {
    const isList = lists.includes(name.replace(/\[\d*\]$/, ''))
    if (isList) delete single[name]
    else if (fields.all(name).length > 1) {
      throw new OptionInvalidError(name.slice(0, 100), fields.all(name).join(', ').slice(0, 100), 'it once')
    }
  }
  return single
}

/** Lists and single values in forms, in the ways in which clients write them. */

import { OptionInvalidError } from '../../../errors/index.ts'
import { splitList } from '../../../option-table.ts'
import type { FormFields } from '../../recordings/index.ts'

/** As many items as any client has reason to send. */
const MOST_ITEMS = 1000

/**
 * The items of a list, sent as `name[]` for each, as `name` for each, as `name[0]`, or comma-separated.
 *
 * @throws {OptionInvalidError} for more items than a list may have.
 */
export function listField(fields: FormFields, name: string): readonly string[] {
  const items: string[] = []
  for (const given of fields.names) {
    if (given !== name && given.replace(/\[\d*\]$/, '') !== name) continue
    for (const value of fields.all(given)) {
      items.push(...splitList(value, MOST_ITEMS - items.length))
      if (items.length > MOST_ITEMS) throw new OptionInvalidError(name, '…', `at most ${MOST_ITEMS} items`)
    }
  }
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

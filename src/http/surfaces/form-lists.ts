/** Lists and single values in forms, in the ways in which clients write them. */

import { OptionInvalidError } from '../../errors/index.ts'
import { saysNothing, splitList } from '../../option-table.ts'
import type { FormFields } from '../recordings/index.ts'

/** As many items as any client has reason to send. */
const MOST_ITEMS = 1000

/**
 * The items of a list, sent as `name[]` for each, as `name` for each, as `name[0]`, or all in one text, as `splitList`
 * reads it; undefined where no field says anything.
 *
 * @throws {OptionInvalidError} for more items than a list may have.
 */
export function listField(fields: FormFields, name: string): readonly string[] | undefined {
  let items: string[] | undefined
  for (const given of fields.names) {
    if (given.replace(/\[\d*\]$/, '') !== name) continue
    for (const value of fields.all(given)) {
      if (saysNothing(value)) continue
      items ??= []
      items.push(...splitList(value, MOST_ITEMS - items.length))
      if (items.length > MOST_ITEMS) throw new OptionInvalidError(name, '…', `at most ${MOST_ITEMS} items`)
    }
  }
  return items
}

/** The same of several lists, by their names. */
export function listFields(
  fields: FormFields,
  names: readonly string[],
): Record<string, readonly string[] | undefined> {
  return Object.fromEntries(names.map((name) => [name, listField(fields, name)]))
}

/**
 * Every field that is no list and says something, by its name.
 *
 * @throws {OptionInvalidError} for one that is there twice: which of its values was meant?
 */
export function singleFields(fields: FormFields, lists: readonly string[]): Record<string, string> {
  const single = fields.last()
  for (const name of fields.names) {
    const isList = lists.includes(name.replace(/\[\d*\]$/, ''))
    if (isList || saysNothing(single[name]!, name)) delete single[name]
    else if (fields.all(name).length > 1) {
      throw new OptionInvalidError(name.slice(0, 100), fields.all(name).join(', ').slice(0, 100), 'it once')
    }
  }
  return single
}

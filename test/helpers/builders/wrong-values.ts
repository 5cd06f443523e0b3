/** Values that an option has to refuse, found from what it says of itself. */

import type { OptionInfo } from '../../../src/option-table.ts'

/** As HTTP and the command line write them; at least one for every option but texts, which may be any. */
export function wrongValues({ schema }: OptionInfo): string[] {
  const { type, minimum, maximum, maxLength, enum: choices, anyOf } = schema
  // A word is wrong among numbers, and a number outside of them is no word.
  if (anyOf) return ['no such choice', ...anyOf.flatMap(wrongNumbers)]
  const outside = minimum === undefined ? [] : [`${minimum - 1}`, `${maximum! + 1}`]
  switch (type ?? 'string') {
    case 'boolean':
      return ['maybe']
    case 'integer':
      return [...outside, `${minimum! + 0.5}`, 'many']
    case 'number':
      return [...outside, 'NaN', 'Infinity', '1,5']
    case 'array':
      return ['x', '1,x', '-2', '1e9']
    case 'string':
      return [...(choices ? ['no such choice'] : []), ...(maxLength === undefined ? [] : ['x'.repeat(maxLength + 1)])]
  }
}

function wrongNumbers({ minimum, maximum }: OptionInfo['schema']): string[] {
  return minimum === undefined ? [] : [`${minimum - 1}`, `${maximum! + 1}`, `${minimum + 0.5}`]
}

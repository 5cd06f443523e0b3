/** Flags of the command line out of a table of options: `beam_size` becomes `--beam-size <1..16>`. */

import { Option } from 'commander'
import { camelCase, flag, type OptionInfo, parseGiven, writtenValue } from '../option-table.ts'

/**
 * A flag for each option; a boolean has two, of which the help shows the one that changes something.
 *
 * @param heading  under which the help lists them.
 */
export function flagsOf(infos: readonly OptionInfo[], heading: string): Option[] {
  const flags = infos.flatMap((info) => (isSwitch(info) ? switches(info) : [valued(info)]))
  return flags.map((option) => option.helpGroup(heading))
}

/**
 * `--vad-filter=false` as `--no-vad-filter`: commander's booleans take no value, and its optional values would take the
 * name of the next file for one. What stands after `--` is left alone.
 *
 * @throws {OptionInvalidError} for a value that is neither true nor false.
 */
export function withoutAssignedSwitches(args: readonly string[], infos: readonly OptionInfo[]): string[] {
  const table = Object.fromEntries(infos.filter(isSwitch).map(({ name, meaning }) => [name, [flag, meaning]] as const))
  const end = args.includes('--') ? args.indexOf('--') : args.length
  return args.map((arg, i) => {
    const [, name, value] = /^--([a-z-]+)=(.*)$/s.exec(arg) ?? []
    const option = name?.replaceAll('-', '_')
    if (i >= end || option === undefined || !Object.hasOwn(table, option)) return arg
    const isOn = parseGiven(table, { [option]: value || '(nothing)' })[camelCase(option)]
    return isOn ? `--${name}` : `--no-${name}`
  })
}

/** The values of these options in commander's result, under their own names. */
export function givenOf(infos: readonly OptionInfo[], parsed: Readonly<Record<string, unknown>>) {
  const given = infos.map(({ name }) => [name, parsed[camelCase(name)]] as const)
  return Object.fromEntries(given.filter(([, value]) => value !== undefined))
}

function isSwitch({ schema }: OptionInfo): boolean {
  return schema.type === 'boolean'
}

function switches({ name, meaning, default: isOn }: OptionInfo): Option[] {
  const on = new Option(`--${kebabCase(name)}`, meaning)
  const off = new Option(`--no-${kebabCase(name)}`, `switch off: ${meaning}`)
  // The positive one goes first: alone, the other would make commander take the option for given, and true.
  return isOn === true ? [on.hideHelp(), off] : [on, off.hideHelp()]
}

function valued(info: OptionInfo): Option {
  const { name, meaning, default: value } = info
  const suffix = value === undefined ? '' : ` (default: ${writtenValue(value)})`
  const option = new Option(`--${kebabCase(name)} <${hintOf(info)}>`, `${meaning}${suffix}`)
  option.negate = false // --no-speech-threshold and --no-repeat-ngram-size do not negate anything
  return option
}

function hintOf({ schema }: Pick<OptionInfo, 'schema'>): string {
  if (schema.anyOf) return schema.anyOf.map((one) => hintOf({ schema: one })).join('|')
  if (schema.enum) return schema.enum.join('|')
  if (schema.minimum !== undefined) return `${schema.minimum}..${schema.maximum}`
  return schema.type === 'array' ? 'n,n,…' : 'text'
}

function kebabCase(name: string): string {
  return name.replaceAll('_', '-')
}

/** The commands and flags as completion needs them, out of commander's own tree. */

import type { Command } from 'commander'

/** Values of an argument: words, a kind of file, or something that only the user knows. */
export type Values = readonly string[] | 'files' | 'folders' | 'anything'

export interface FlagNode {
  readonly name: string
  readonly meaning: string
  /** undefined: it takes none. */
  readonly values: Values | undefined
}

export interface CommandNode {
  /** `models pull`; empty for the program itself. */
  readonly path: string
  readonly meaning: string
  readonly flags: readonly FlagNode[]
  /** Values of its arguments; undefined: it takes none. */
  readonly values: Values | undefined
  /** Values of the arguments after the first, where they differ. */
  readonly laterValues: Values | undefined
  readonly commands: readonly CommandNode[]
}

/** Values by the names of flags and arguments. */
export type KnownValues = Readonly<Record<string, Values>>

export function treeOf(program: Command, known: KnownValues): CommandNode {
  return nodeOf(program, '', known)
}

/** The node itself, then all below it. */
export function allNodes(node: CommandNode): CommandNode[] {
  return [node, ...node.commands.flatMap(allNodes)]
}

function nodeOf(command: Command, path: string, known: KnownValues): CommandNode {
  const help = command.createHelp()
  const [argument, later] = command.registeredArguments
  return {
    path,
    meaning: oneLine(command.description()),
    flags: help.visibleOptions(command).flatMap((option) => {
      if (option.long == null) return []
      const isValued = option.required || option.optional
      const values = known[option.long.slice(2)] ?? choicesIn(option.flags) ?? 'anything'
      return [{ name: option.long, meaning: oneLine(option.description), values: isValued ? values : undefined }]
    }),
    values: argument && (known[argument.name()] ?? 'anything'),
    laterValues: later && (known[later.name()] ?? 'anything'),
    commands: help
      .visibleCommands(command)
      .filter((sub) => sub.name() !== 'help')
      .map((sub) => nodeOf(sub, `${path} ${sub.name()}`.trim(), known)),
  }
}

/** The words of `--task <transcribe|translate>`. */
function choicesIn(flags: string): readonly string[] | undefined {
  const words = /<([^>]*\|[^>]*)>/.exec(flags)?.[1]?.split('|')
  return words?.every((word) => /^[\w-]+$/.test(word)) ? words : undefined
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}

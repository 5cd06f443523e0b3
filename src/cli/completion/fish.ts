/** Completion for fish: a line for each command and each flag. */

import { allNodes, type CommandNode, type FlagNode, type Values } from './tree.ts'

export function fishScript(root: CommandNode): string {
  const nodes = allNodes(root)
  const lines = nodes.flatMap((node) => [
    ...node.commands.map((sub) => commandLine(node, sub)),
    ...node.flags.map((flag) => flagLine(node, flag)),
    ...[node.values, node.laterValues].flatMap((values) => (values === undefined ? [] : [argumentsLine(node, values)])),
  ])
  return `# fish completion for paradox; in ~/.config/fish/config.fish: paradox completion fish | source
complete -c paradox -f
${lines.map((line) => `complete -c paradox ${line}\n`).join('')}`
}

function commandLine(node: CommandNode, { path, meaning }: CommandNode): string {
  return `-n ${condition(node)} -a ${path.split(' ').at(-1)} -d '${quoted(meaning)}'`
}

function flagLine(node: CommandNode, { name, meaning, values }: FlagNode): string {
  const value = values === undefined ? '' : ` ${valued(values)}`
  return `-n ${condition(node)} -l ${name.slice(2)}${value} -d '${quoted(meaning)}'`
}

function argumentsLine(node: CommandNode, values: Values): string {
  if (values === 'files') return `-n ${condition(node)} -F`
  if (values === 'folders') return `-n ${condition(node)} -a '(__fish_complete_directories)'`
  return `-n ${condition(node)} -a '${typeof values === 'string' ? '' : values.join(' ')}'`
}

function valued(values: Values): string {
  if (values === 'files') return '-r -F'
  if (values === 'folders') return `-x -a '(__fish_complete_directories)'`
  return typeof values === 'string' ? '-x' : `-x -a '${values.join(' ')}'`
}

/** True where exactly this command is on the line. */
function condition({ path, commands }: CommandNode): string {
  const subs = commands.map((sub) => sub.path.split(' ').at(-1)).join(' ')
  if (path === '') return `__fish_use_subcommand`
  const tests = path.split(' ').map((word) => `__fish_seen_subcommand_from ${word}`)
  if (subs !== '') tests.push(`not __fish_seen_subcommand_from ${subs}`)
  return `'${tests.join('; and ')}'`
}

function quoted(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")
}

/** Completion for zsh, in the words of its own `_arguments`. */

import type { CommandNode, FlagNode, Values } from './tree.ts'

export function zshScript(root: CommandNode): string {
  return `#compdef paradox
# zsh completion for paradox; in ~/.zshrc, after compinit: source <(paradox completion zsh)
_paradox() {
  local curcontext="$curcontext" state line
  typeset -A opt_args
${body(root, '  ')}}
if [[ $funcstack[1] == _paradox ]]; then _paradox "$@"; else compdef _paradox paradox; fi
`
}

/** The function that completes the arguments of one command, and of those below it. */
function body({ flags, values, laterValues, commands }: CommandNode, indent: string): string {
  const specs = flags.map(flagSpec)
  if (commands.length === 0) {
    const first = laterValues === undefined || values === undefined ? [] : [`'1: :${action(values)}'`]
    const later = laterValues ?? values
    const rest = later === undefined ? [] : [`'*: :${action(later)}'`]
    return `${indent}_arguments -s ${[...specs, ...first, ...rest].join(` \\\n${indent}  `)}\n`
  }
  const names = commands.map(({ path, meaning }) => `'${quoted(`${path.split(' ').at(-1)}:${meaning}`)}'`)
  const cases = commands.map(
    (node) => `${indent}    ${node.path.split(' ').at(-1)})\n${body(node, `${indent}      `)}${indent}      ;;\n`,
  )
  return (
    `${indent}_arguments -C ${[...specs, `'1: :->command'`, `'*:: :->rest'`].join(` \\\n${indent}  `)}\n` +
    `${indent}if [[ $state == command ]]; then\n` +
    `${indent}  local -a commands=(${names.join(` \\\n${indent}    `)})\n` +
    `${indent}  _describe command commands\n` +
    `${indent}elif [[ $state == rest ]]; then\n` +
    `${indent}  case $line[1] in\n${cases.join('')}${indent}  esac\n${indent}fi\n`
  )
}

function flagSpec({ name, meaning, values }: FlagNode): string {
  const text = quoted(meaning.replace(/[[\]:\\]/g, '\\$&'))
  return values === undefined ? `'${name}[${text}]'` : `'${name}=[${text}]:value:${action(values)}'`
}

function action(values: Values): string {
  switch (values) {
    case 'files':
      return '_files'
    case 'folders':
      return '_files -/'
    case 'anything':
      return ''
    default:
      return `(${values.join(' ')})`
  }
}

function quoted(text: string): string {
  return text.replaceAll("'", "'\\''")
}

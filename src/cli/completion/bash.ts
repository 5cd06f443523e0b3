/** Completion for bash, without the package bash-completion. Nothing that was typed is ever evaluated. */

import { allNodes, type CommandNode, type FlagNode, type Values } from './tree.ts'

export function bashScript(root: CommandNode): string {
  const nodes = allNodes(root)
  const paths = nodes.filter(({ path }) => path !== '').map(({ path }) => `'${path.includes(' ') ? path : ` ${path}`}'`)
  return `# bash completion for paradox; in ~/.bashrc: source <(paradox completion bash)
_paradox() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command= word words= i
  # '=' is a word of its own.
  if [[ $cur == '=' ]]; then cur=; elif [[ $prev == '=' ]]; then prev=\${COMP_WORDS[COMP_CWORD-2]}; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case "$command $word" in
      ${paths.join(' | ')}) command="\${command:+$command }$word" ;;
    esac
  done
  COMPREPLY=()
  case "$prev" in
${valueCases(nodes)}  esac
  if [[ -z $words && $cur == -* ]]; then
    case "$command" in
${nodes.map(({ path, flags }) => `      '${path}') words='${flags.map(({ name }) => name).join(' ')}' ;;\n`).join('')}    esac
  elif [[ -z $words ]]; then
    case "$command" in
${nodes.map((node) => `      '${node.path}') ${argumentAction(node)} ;;\n`).join('')}    esac
  fi
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -W "$words" -- "$cur")
}
complete -o bashdefault -o default -F _paradox paradox
`
}

/** A case for each kind of value, with all flags that take it. */
function valueCases(nodes: readonly CommandNode[]): string {
  const byAction = Map.groupBy(valuedFlags(nodes), ({ values }) => action(values))
  return Array.from(byAction, ([does, flags]) => `    ${flags.map(({ name }) => name).join(' | ')}) ${does} ;;\n`).join(
    '',
  )
}

/** Each flag that takes a value, once: the same name has the same values in every command. */
function valuedFlags(nodes: readonly CommandNode[]): (FlagNode & { readonly values: Values })[] {
  const byName = new Map<string, FlagNode & { readonly values: Values }>()
  for (const { flags } of nodes) {
    for (const flag of flags) if (flag.values !== undefined) byName.set(flag.name, { ...flag, values: flag.values })
  }
  return [...byName.values()]
}

/** Where no word fits, the shell completes names of files, so that `laterValues` that are files need nothing. */
function argumentAction({ values, commands }: CommandNode): string {
  if (commands.length > 0) return `words='${commands.map(({ path }) => path.split(' ').at(-1)).join(' ')}'`
  return action(values ?? 'anything')
}

/** Where it returns, the shell completes names of files, of folders, or nothing. */
function action(values: Values): string {
  switch (values) {
    case 'files':
      return 'return'
    case 'folders':
      return 'compopt -o dirnames +o default +o bashdefault; return'
    case 'anything':
      return 'compopt +o default +o bashdefault; return'
    default:
      return `words='${values.join(' ')}'`
  }
}

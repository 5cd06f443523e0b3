import { Argument, type Command } from 'commander'
import type { Shell } from '../completion/index.ts'
import { print } from './run.ts'

export function addCompletion(program: Command): void {
  program
    .command('completion')
    .description('print what makes a shell complete commands and flags')
    .addArgument(new Argument('<shell>').choices(['bash', 'zsh', 'fish']))
    .addHelpText(
      'after',
      `
Examples:
  source <(paradox completion bash)            # in ~/.bashrc
  source <(paradox completion zsh)             # in ~/.zshrc, after compinit
  paradox completion fish | source             # in ~/.config/fish/config.fish`,
    )
    .action(async (shell: Shell) => {
      await print(async () => (await import('../completion/index.ts')).completionScript(program, shell))
    })
}

// countersign completion bash | zsh: prints the script that completes our commands, verbs and settings in that shell.
import { settingNames, settingOf } from '../../config/schema.ts';
import { UsageError } from '../arguments.ts';
import { reporting } from '../operator-client.ts';

/** The words that follow each command; the test of main.ts holds it to the commands there are. */
export const verbs: Readonly<Record<string, readonly string[]>> = {
  serve: [],
  demo: [],
  config: ['check', 'show'],
  'signing-keys': ['list', 'rotate', 'retire'],
  accounts: ['list', 'show', 'lock', 'unlock'],
  audit: ['export'],
  backup: [],
  restore: [],
  doctor: [],
  completion: ['bash', 'zsh'],
  version: [],
  help: [],
};

const flags = ['--json', ...settingNames.filter((name) => !settingOf[name].secret).map((name) => `--${name}=`)];

export async function completion(argv: readonly string[]): Promise<number> {
  return reporting('completion', async () => {
    const [shell, ...more] = argv;
    if (more.length > 0 || (shell !== 'bash' && shell !== 'zsh')) {
      throw new UsageError('usage: source <(countersign completion bash), or the same with zsh');
    }
    process.stdout.write(shell === 'bash' ? bash() : zsh());
  });
}

function cases(indent: string, line: (words: string) => string): string {
  return Object.entries(verbs)
    .filter(([, words]) => words.length > 0)
    .map(([command, words]) => `${indent}${command}) ${line(words.join(' '))} ;;\n`)
    .join('');
}

const bash = (): string => `_countersign() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="${Object.keys(verbs).join(' ')}"
  elif [[ "$current" == -* ]]; then
    words="${flags.join(' ')}"
    compopt -o nospace 2>/dev/null
  elif [ "$COMP_CWORD" -eq 2 ]; then
    case "\${COMP_WORDS[1]}" in
${cases('      ', (words) => `words="${words}"`)}    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _countersign countersign
`;

const zsh = (): string => `#compdef countersign
_countersign() {
  if (( CURRENT == 2 )); then
    compadd -- ${Object.keys(verbs).join(' ')}
  elif [[ "$words[CURRENT]" == -* ]]; then
    compadd -S '' -- ${flags.join(' ')}
  elif (( CURRENT == 3 )); then
    case "$words[2]" in
${cases('      ', (words) => `compadd -- ${words}`)}      backup|restore) _files ;;
    esac
  fi
}
compdef _countersign countersign
`;

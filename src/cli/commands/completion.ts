// countersign completion bash | zsh: prints the script that completes our commands, their words and options, and the settings in
// that shell.
import { settingNames, settingOf } from '../../config/schema.ts';
import { type CommandName, commandNames, type Form, formsOf, optionsOf } from '../command-forms.ts';
import { reporting } from '../operator-client.ts';
import { readArguments } from '../read-arguments.ts';

export async function completion(argv: readonly string[]): Promise<number> {
  return reporting('completion', async () => {
    process.stdout.write(readArguments('completion', argv).argument === 'bash' ? bash() : zsh());
  });
}

/** As flags, short forms first; `=` at the end of what takes a value. */
const settingFlags = settingNames
  .filter((name) => !settingOf[name].secret)
  .flatMap((name) => [settingOf[name].short ?? [], name].flat())
  .map((name) => `--${name}=`);

function ownFlagsOf(name: CommandName): readonly string[] {
  const own = optionsOf(name).map(([option, { value }]) => `--${option}${value === undefined ? '' : '='}`);
  return [...own, ...(formsOf[name].json ? ['--json'] : []), '--help'];
}

/** The words that may stand first behind a command. */
function firstWordsOf(name: CommandName): readonly string[] {
  if (name === 'help') return commandNames;
  return formsOf[name].forms.flatMap((form) => (form.verb === undefined ? choicesOf(form) : form.verb));
}

const choicesOf = ({ argument }: Form): readonly string[] => (typeof argument === 'object' ? argument : []);

/** What may follow a verb, as `[command verb, words]`. */
const secondWords = commandNames.flatMap((name) =>
  formsOf[name].forms.flatMap((form) =>
    form.verb === undefined ? [] : [[`"${name} ${form.verb}"`, choicesOf(form)] as const],
  ),
);
const firstWords = commandNames.map((name) => [name, firstWordsOf(name)] as const);
const flags = commandNames.map(
  (name) => [name, [...ownFlagsOf(name), ...(formsOf[name].settings ? ['$settings'] : [])]] as const,
);

type Cases = readonly (readonly [pattern: string, words: readonly string[]])[];

const caseLines = (variable: string, cases: Cases): string =>
  cases
    .filter(([, words]) => words.length > 0)
    .map(([pattern, words]) => `      ${pattern}) ${variable}="${words.join(' ')}" ;;\n`)
    .join('');

const bash = (): string => `_countersign() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words="" settings="${settingFlags.join(' ')}"
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="${commandNames.join(' ')}"
  elif [[ "$current" == -* ]]; then
    case "\${COMP_WORDS[1]}" in
${caseLines('words', flags)}    esac
  elif [ "$COMP_CWORD" -eq 2 ]; then
    case "\${COMP_WORDS[1]}" in
${caseLines('words', firstWords)}    esac
  elif [ "$COMP_CWORD" -eq 3 ]; then
    case "\${COMP_WORDS[1]} \${COMP_WORDS[2]}" in
${caseLines('words', secondWords)}    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [[ "\${COMPREPLY[0]}" == *= ]]; then compopt -o nospace 2>/dev/null; fi
}
complete -o default -F _countersign countersign
`;

// There, \`words\` is the line that is completed.
const zsh = (): string => `#compdef countersign
_countersign() {
  local offered="" settings="${settingFlags.join(' ')}"
  if (( CURRENT == 2 )); then
    offered="${commandNames.join(' ')}"
  elif [[ "$words[CURRENT]" == -* ]]; then
    case "$words[2]" in
${caseLines('offered', flags)}    esac
  elif (( CURRENT == 3 )); then
    case "$words[2]" in
${caseLines('offered', firstWords)}    esac
  elif (( CURRENT == 4 )); then
    case "$words[2] $words[3]" in
${caseLines('offered', secondWords)}    esac
  fi
  local -a all=(\${=offered})
  if (( $#all == 0 )); then _files; return; fi
  compadd -S '' -- \${(M)all:#*=}
  compadd -- \${all:#*=}
}
compdef _countersign countersign
`;

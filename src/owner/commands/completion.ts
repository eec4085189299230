// countersign completion: a script for bash or zsh. It asks this program for what can stand next.
import { COMPLETE } from '../run.ts';
import type { Run } from '../shell.ts';
import { WrongUse } from '../stops.ts';

export const completion: Run = async (shell) => {
  const script = scripts(shell.program).get(shell.argument(0));
  if (script === undefined) throw new WrongUse('completion is for bash or zsh');
  await shell.out(script);
  return 0;
};

function scripts(program: string): ReadonlyMap<string, string> {
  const called = `_${program.replace(/[^a-z]/g, '_')}`;
  return new Map([
    [
      'bash',
      `# ${program}: source <(${program} completion bash)
${called}() {
  local IFS=$' \\t\\n' line=\${COMP_LINE:0:COMP_POINT} breaks= one before=
  local -a words
  read -ra words <<< "$line"
  [[ $line == *[[:blank:]] ]] && words+=('')
  # A word with one of these is more than one to bash, which replaces what is behind the last.
  for one in : = @; do [[ $COMP_WORDBREAKS == *"$one"* ]] && breaks+=$one; done
  one=\${words[\${#words[@]}-1]}
  [[ -n $breaks ]] && before=\${one%"\${one##*[$breaks]}"}
  IFS=$'\\n'
  COMPREPLY=($("\${COMP_WORDS[0]}" ${COMPLETE} -- "\${words[@]:1}" 2>/dev/null))
  COMPREPLY=("\${COMPREPLY[@]#"$before"}")
}
complete -o default -F ${called} ${program}
`,
    ],
    [
      'zsh',
      `#compdef ${program}
# ${program}: source <(${program} completion zsh)
${called}() {
  local -a found
  found=("\${(@f)$("\${words[1]}" ${COMPLETE} -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if (( \${#found[1]} )); then compadd -a found; else _files; fi
}
compdef ${called} ${program}
`,
    ],
  ]);
}

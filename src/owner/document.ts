// Writes docs/commands.md from the table of forms. After a change of it: npx node src/owner/document.ts > docs/commands.md
import {
  everywhere,
  type Form,
  forms,
  mainKeyOptions,
  type OptionForm,
  type OptionName,
  options,
  usageOf,
} from './forms.ts';

const introduction = `# The owner's commands

<!-- Generated from src/owner/forms.ts: npx node src/owner/document.ts > docs/commands.md -->

Manage the keys of an account from a terminal, at any server: \`countersign\`, beside the operator's commands, or \`countersign-client\` of the
package of that name, which installs no server. The main key is asked for when a key is made or widened, and is kept nowhere.

\`\`\`
countersign login --url https://keys.venue.example
countersign subkeys create maker --for 90d --from 203.0.113.0/24 --out bot.env
countersign tokens create dashboard --for 30d --from anywhere --out .env
countersign subkeys list
countersign activity --what refused --since 1d
countersign subkeys revoke maker
\`\`\`

## Where a machine is signed in

\`login\` writes \`$XDG_CONFIG_HOME/countersign/profiles.json\` (\`~/.config\` without it, \`%APPDATA%\` on Windows): the addresses of the server and the
account, and a key of this machine that can **look and end**, for 8 hours. Never a main key, a subkey or a token. The file has mode 0600 in a
folder of mode 0700; one that others can read is refused, with the \`chmod\` to type. The key is not in a keychain: whoever can read your files can
use it until it ends, to look, and to end your keys. \`logout\` ends it at the server.

Which server and who: a flag; else \`COUNTERSIGN_URL\`, \`COUNTERSIGN_PROFILE\`, \`COUNTERSIGN_TOKEN\` (a bearer, used in place of the profile);
else the current profile. The key of a profile is sent to no server but its own.

## Main keys

A main key comes from a hidden prompt, from a file that only you can read (\`--key-file\`, or \`--wallet-key-file\` for the private key of a wallet),
or from standard input (\`--stdin\`). As an argument or in an environment variable it is refused: other users and programs see both.
\`create\`, \`import\`, \`hand-off\` and \`rotate\` need it each time, and a \`restrict\` that widens; what looks, narrows or ends does not. \`revoke-all\` and
\`sign-out-everywhere\` take it where the machine is not signed in.

## Secrets

\`--out <file>\` makes a new file of mode 0600; it replaces no file and follows no link. \`--show\` prints the secret alone on stdout. On a terminal
with neither, the command asks; without a terminal it stops before anything is made. A secret that was made and could not be handed over
is ended again, and the command says so. The file has these lines:

| of | lines |
|---|---|
| a read-only key | \`COUNTERSIGN_URL\`, \`COUNTERSIGN_TOKEN\` |
| a subkey | \`COUNTERSIGN_URL\`, \`COUNTERSIGN_ACCOUNT\`, \`COUNTERSIGN_SUBKEY_PUBLIC_KEY\`, \`COUNTERSIGN_SUBKEY_PRIVATE_KEY\` |

A phone takes a key by a link: \`subkeys hand-off\` prints it and waits. The page that the link opens is the console's: at
the server's \`console.url\`, else at the server itself; \`--console-url\` says another place. No code is drawn: send yourself the link in a way that nobody else reads.

## Output

Data on stdout, everything else on stderr. \`--json\` is the server's own answer, with every digit of its times, as one document; \`activity\` prints
one for each row. A secret is in it with \`--show\` alone. Text of others (names, messages) never moves the cursor of your terminal.

| exit code | |
|---|---|
| 0 | done |
| 1 | refused, or failed; the sentence on stderr ends in the code and the id of the request, which, where a key was refused and not a value, \`explain\` takes |
| 2 | used wrongly, or stopped by something on this machine before anything was made |
| 3 | no answer: where something may have been made, it says what to look for |
| 4 | not signed in, or no longer |
| 130, 141, 143 | ended by ^C, because nobody read on, or by a signal |

Where several are ended at once, all are tried and the highest code counts. \`countersign completion bash\` and \`countersign completion zsh\` print the
completion, which knows the names of your keys: \`source <(countersign completion bash)\`.

## Commands
`;

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');

const optionRow = (name: OptionName): string => {
  const { value, about }: OptionForm = options[name];
  return `| \`--${name}${value === undefined ? '' : ` ${value}`}\` | ${cell(about)} |`;
};

const formRow = (form: Form): string => {
  // What stands for all sources of a main key; report-leak has one of them alone, and not for a main key.
  const isToldBelow = (name: OptionName): boolean =>
    form.options.includes('key-file') && mainKeyOptions.includes(name) && name !== 'key-file';
  const own = form.options.map((name) => (isToldBelow(name) ? '' : `\`--${name}\``));
  const taken = own.filter((one) => one !== '').join(' ');
  return `| \`${usageOf(form)}\` | ${cell(form.about)} | ${taken} |`;
};

/** The whole text of docs/commands.md. */
export function commandsDocument(): string {
  const used = Object.keys(options).filter((name) => forms.some((form) => form.options.some((one) => one === name)));
  const isOption = (name: string): name is OptionName => Object.hasOwn(options, name);
  return `${introduction}
| command | | options |
|---|---|---|
${forms.map(formRow).join('\n')}

Where \`--key-file\` stands, \`--wallet-key-file\` and \`--stdin\` do as well.

## Options

| option | |
|---|---|
${[...everywhere, ...used.filter(isOption)].map(optionRow).join('\n')}
`;
}

if (import.meta.main) process.stdout.write(commandsDocument());

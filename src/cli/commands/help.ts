// What can be asked for, on one screen; the settings themselves are generated from their table.
import { describeSettings } from '../../config/document.ts';

export async function help(): Promise<number> {
  process.stdout.write(`countersign <command> [settings]

  serve      start the credential authority, the gateway and, without --upstream, the demo venue
  demo       walk through the whole story with real signatures: demo [--url http://host:port]
  version    print the version
  help       print this

For the operator; they ask the server that runs on the data folder, or work on the data when none runs:

  config check                    say whether the settings would be accepted
  config show                     every setting in force, and where it comes from
  signing-keys list               the keys that sign sessions and tokens
  signing-keys rotate <use>       replace the key of session, token or terminal; no bearer is refused
  signing-keys retire <kid>       a compromised key: every bearer it signed is dead at once
  accounts list                   [--limit=n] [--cursor=c]
  accounts show <account>         its subkeys and tokens, too
  accounts lock <account>         everything of it stops at once
  accounts unlock <account>       and goes on
  audit export                    JSON lines: [--account=0x..] [--from=time] [--to=time] [--cursor=c]
  backup <file or folder>         a copy of everything but the master key and the settings
  restore <backup> --data=<new>   a data folder made of it; all sessions end, tokens and subkeys are revoked:
                                  [--keep-credentials] keeps those two, also what was revoked since the backup
  doctor                          what is wrong, if anything is: exit code 1
  completion bash|zsh             for your shell: source <(countersign completion bash)

Words come first, options after them; --json prints for programs. Exit codes: 0 done, 1 failed or refused, 2 used wrongly or a
setting is not accepted, 3 a server holds the data folder but does not answer.

Settings, as --name=value, CSIGN_NAME in the environment, or in countersign.json of the data folder:

${describeSettings()}`);
  return 0;
}

// countersign subkeys hand-off: a key for a phone. Prints a link that works once, and waits until it is taken, has run out, or is deleted
// by ^C.
import { setTimeout as wait } from 'node:timers/promises';
import type { Client } from '../../client/create-client.ts';
import { isCode, NoAnswer } from '../../client/errors.ts';
import { sentenceOf } from '../../client/refusal-words.ts';
import type { OfferedSubkey } from '../../client/subkeys.ts';
import { connectAsOwner, connectUnsigned } from '../connection.ts';
import { requireKeySource } from '../main-key.ts';
import { placeOf, typedOrigin } from '../place.ts';
import type { ExitCode, Run, Shell } from '../shell.ts';
import { Failed, WrongUse } from '../stops.ts';
import { limitsOf } from './new-subkey.ts';

const LIFE_SECONDS = 120;
const POLL_MS = 1_000;

export const handOff: Run = async (shell) => {
  const name = shell.argument(0);
  const limits = limitsOf(shell);
  requireKeySource(shell);
  placeOf(shell);
  const console_url = await consoleOf(shell);
  const { client } = await connectAsOwner(shell);
  const { value: offered } = await client.subkeys.handOff(
    { name, console_url, pending_expires_in: LIFE_SECONDS, ...limits },
    { signal: shell.signal },
  );
  try {
    const isRead = shell.has('json') ? await shell.json(offered) : await shell.out(`${offered.link}\n`);
    if (!isRead) {
      await deleted(shell, client, offered);
      throw new Failed('the link could not be shown: stdout takes nothing');
    }
    shell.note(`Open it on the phone, once, within ${LIFE_SECONDS / 60} minutes. Whoever opens it first has the key.`);
    return await untilTaken(shell, client, offered);
  } catch (error) {
    // It ran out, where the server has deleted the ciphertext, or it was deleted here.
    if (!(error instanceof Failed)) await deleted(shell, client, offered);
    throw error;
  }
};

/** Where the page of the link is. Throws WrongUse before anything is made. */
async function consoleOf(shell: Shell): Promise<string> {
  const typed = shell.value('console-url');
  if (typed !== undefined) return typedOrigin(typed);
  const about = await connectUnsigned(shell).account.about({ signal: shell.signal });
  const { console, console_url: told, hand_off } = about;
  const why = memberOf(hand_off, 'why_not');
  if (why === undefined && typeof told === 'string' && told !== '') return typedOrigin(told);
  if (why === undefined && console === true) return atServer(shell);
  throw new WrongUse(
    `nothing was made: the link opens a page of the console, and there is none: ${(why ?? 'this server has no console').replace(/[.]$/, '')}; --console-url says where one is`,
  );
}

/** A console whose operator has not said at which address it is opened. */
function atServer(shell: Shell): string {
  const { url } = placeOf(shell);
  shell.note(`The server does not say at which address its console is opened (console.url): the link is to ${url}.`);
  return url;
}

function memberOf(value: unknown, name: string): string | undefined {
  const found =
    typeof value === 'object' && value !== null ? Object.entries(value).find(([one]) => one === name) : undefined;
  return typeof found?.[1] === 'string' ? found[1] : undefined;
}

async function untilTaken(shell: Shell, client: Client, { subkey }: OfferedSubkey): Promise<ExitCode> {
  for (;;) {
    await wait(POLL_MS, undefined, { signal: shell.signal });
    const now = await looked(shell, client, subkey.public_key);
    if (now === undefined || now.state === 'pending') continue;
    if (now.state !== 'active') throw new Failed('it was not taken in time, and is deleted');
    const from = await takenFrom(shell, client, now.id);
    shell.note(
      `"${now.name}" (subkey:${now.id}) was taken${from === undefined ? '' : ` from ${from}`}. If that was not you: ${shell.program} subkeys revoke subkey:${now.id}`,
    );
    return 0;
  }
}

/** Undefined: no answer this time. */
async function looked(shell: Shell, client: Client, publicKey: string) {
  try {
    return await client.subkeys.get(publicKey, { signal: shell.signal });
  } catch (error) {
    if (isCode(error, 'NOT_FOUND')) throw new Failed('it was not taken in time, and is deleted');
    if (error instanceof NoAnswer) return undefined;
    throw error;
  }
}

async function takenFrom(shell: Shell, client: Client, id: bigint): Promise<string | undefined> {
  const filter = { credential: `subkey:${id}`, action: 'subkey.activated', signal: shell.signal };
  try {
    const { results } = await client.activity.list(filter).page();
    return results[0]?.client_ip ?? undefined;
  } catch {
    // It is taken all the same.
    return undefined;
  }
}

/** Not with the signal of the command, which is why it is deleted. */
async function deleted(shell: Shell, client: Client, { subkey }: OfferedSubkey): Promise<void> {
  const key = `subkey:${subkey.id}`;
  await client.subkeys.revoke(subkey.public_key).then(
    () => shell.note(`the key ${key} is deleted`),
    (error: unknown) =>
      shell.note(`the key ${key} could not be deleted (${sentenceOf(error)}): ${shell.program} subkeys revoke ${key}`),
  );
}

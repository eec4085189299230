// countersign tokens revoke, subkeys revoke, devices end: names what ends, asks, tries all of it, and prints the receipts.
import type { Client } from '../../client/create-client.ts';
import type { Changed } from '../../client/receipt.ts';
import { connect } from '../connection.ts';
import { forgetDevices } from '../forget.ts';
import { deviceKind, type Kind, type Listed, meant, subkeyKind, tokenKind } from '../named.ts';
import { printable } from '../printable.ts';
import { receiptText } from '../receipt-text.ts';
import { type ExitCode, type Run, requireYes, type Shell } from '../shell.ts';
import { exitCodeOf, told } from '../telling.ts';
import { ago } from '../times.ts';

type End = (client: Client, id: string, signal: AbortSignal) => Promise<Changed<unknown>>;

export const revokeTokens: Run = (shell) =>
  endAll(shell, tokenKind, (client, id, signal) => client.tokens.revoke(id, { signal }));

export const revokeSubkeys: Run = (shell) =>
  endAll(shell, subkeyKind, (client, id, signal) => client.subkeys.revoke(id, { signal }));

export const endDevices: Run = async (shell) => {
  const ended: string[] = [];
  const code = await endAll(shell, deviceKind, async (client, id, signal) => {
    const done = await client.devices.end(id, { signal });
    ended.push(id);
    return done;
  });
  if (ended.length > 0) await forgetDevices(shell, ({ device }) => device !== undefined && ended.includes(device.id));
  return code;
};

/** All of them are tried; the worst exit code wins. */
async function endAll(shell: Shell, kind: Kind, end: End): Promise<ExitCode> {
  const { client } = connect(shell);
  const words = shell.allArguments;
  const found = await meant(shell, client, kind, words);
  const isThere = (one: Listed | undefined): one is Listed => one !== undefined;
  const listed = [...new Map(found.filter(isThere).map((one) => [one.id, one])).values()];
  for (const one of listed) shell.note(`${kind.called} ${described(one, shell.now())}`);
  if (listed.length > 0)
    await requireYes(shell, `This ends ${listed.length === 1 ? 'it' : `these ${listed.length}`} for good.`);

  let worst: ExitCode = 0;
  const results: unknown[] = [];
  for (const [at, word] of words.entries()) {
    if (found[at] === undefined) {
      worst = 1;
      shell.note(`${shell.program} ${shell.command}: there is no ${kind.called} ${shownWord(word)}`);
    }
  }
  for (const one of listed) {
    try {
      const { value, receipt } = await end(client, one.id, shell.signal);
      results.push({ ...(typeof value === 'object' ? value : {}), receipt: receipt ?? null });
      if (!shell.has('json'))
        await shell.out(`${printable(one.id)}${one.isAlive ? '' : ' had ended before'}${receiptText(receipt)}\n`);
    } catch (error) {
      if (shell.signal.aborted) throw error;
      const code = exitCodeOf(error);
      if (code > worst) worst = code;
      shell.note(`${shell.program} ${shell.command}: ${one.id}: ${told(error, shell.program)}`);
    }
  }
  if (shell.has('json')) await shell.json({ results });
  return worst;
}

function described({ name, key, isAlive, lastUsedAt, lastUsedIp }: Listed, now: number): string {
  const from = lastUsedIp === '' ? '' : ` from ${lastUsedIp}`;
  // An older server does not say when.
  const used = lastUsedAt === 0n ? 'never used' : `last used ${ago(lastUsedAt, now)}${from}`;
  const facts = [isAlive ? '' : 'has ended', lastUsedAt === undefined ? '' : used].filter((fact) => fact !== '');
  return `"${name}" (${key})${facts.length === 0 ? '' : `: ${facts.join('; ')}`}`;
}

/** A word of the command line may be a secret that was pasted: only what looks like a name or an id is repeated. */
const shownWord = (word: string): string => (/^[\w .:-]{1,40}$/.test(word) ? `"${word}"` : 'of that name or id');

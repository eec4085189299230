// countersign revoke-all, sign-out-everywhere, report-leak: what is typed when a key is out.
import type { Client } from '../../client/create-client.ts';
import type { Receipt } from '../../client/receipt.ts';
import { connectAsNeeded, connectUnsigned } from '../connection.ts';
import { forgetDevices } from '../forget.ts';
import { isKeyGiven, requireKeySource, standardInput } from '../main-key.ts';
import { placeOf } from '../place.ts';
import { printable } from '../printable.ts';
import { receiptText } from '../receipt-text.ts';
import { type Run, requireYes, type Shell } from '../shell.ts';
import { WrongUse } from '../stops.ts';

const BEARER_BYTES = 16 * 1024;

export const revokeAll: Run = async (shell) => {
  const only = shell.value('only');
  const what =
    only === undefined
      ? 'every session, device, subkey and read-only key of the account, for good. You and your bots must sign in anew, with new keys.'
      : `every ${only === 'tokens' ? 'read-only key' : 'subkey'} of the account, for good, and every session and device of it.`;
  await requireYes(shell, `This ends ${what}`);
  const { value, receipt } = await ending(shell, (client) =>
    client.account.revokeAll({ signal: shell.signal, ...(only === undefined ? {} : { kinds: [only.slice(0, -1)] }) }),
  );
  await tellEnded(shell, value, receipt);
  return 0;
};

export const signOutEverywhere: Run = async (shell) => {
  await requireYes(
    shell,
    'This ends every session and every device of the account. Subkeys and read-only keys live on.',
  );
  const { value, receipt } = await ending(shell, (client) =>
    client.account.signOutEverywhere({ signal: shell.signal }),
  );
  await tellEnded(shell, value, receipt);
  return 0;
};

export const reportLeak: Run = async (shell) => {
  const isPiped = shell.has('stdin') || !shell.terminal.isThere;
  if (!shell.has('stdin') && isPiped) throw new WrongUse('there is no terminal to ask for it on; give --stdin');
  const client = connectUnsigned(shell);
  const text = isPiped
    ? await standardInput(shell.signal, BEARER_BYTES)
    : await shell.terminal.hidden('Token or session (hidden): ');
  const found = text.replace(/^\s*Bearer\s+/i, '').trim();
  if (found === '') throw new WrongUse('nothing was typed');
  requireBearer(found);
  await client.account.reportLeak(found, { signal: shell.signal });
  if (shell.has('json')) await shell.json({});
  else shell.note('if it was a token or session of this server, it has ended');
  return 0;
};

/** The answer says nothing of what was sent: what cannot be a bearer would pass for ended. A private key is sent to nobody. */
function requireBearer(found: string): void {
  if (/^(?:0x)?[0-9a-f]{60,64}$/i.test(found))
    throw new WrongUse(
      'that is a private key, which is sent nowhere: end its subkey (subkeys revoke), or, if it is the main key of an account, move what the account has',
    );
  if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(found))
    throw new WrongUse(
      'that is no token or session, and nothing was sent: it is one word of three parts with dots between, and begins with eyJ',
    );
}

/** With the device where there is one, else by the owner's signature. All of these end every device: those of this machine are forgotten. */
async function ending<T>(shell: Shell, act: (client: Client) => Promise<T>): Promise<T> {
  if (isKeyGiven(shell)) requireKeySource(shell);
  const { url, profile } = placeOf(shell);
  const done = await connectAsNeeded(shell, act);
  if (profile !== undefined) await forgetDevices(shell, (one) => one.url === url && one.account === profile.account);
  return done;
}

async function tellEnded(shell: Shell, value: unknown, receipt: Receipt | undefined): Promise<void> {
  if (shell.has('json')) await shell.json(value);
  else {
    for (const [name, ended] of Object.entries(typeof value === 'object' && value !== null ? value : {})) {
      if (Array.isArray(ended)) await shell.out(`${printable(name)}: ${ended.length}\n`);
      else if (typeof ended === 'number' || typeof ended === 'string')
        await shell.out(`${printable(`${name}: ${ended}`)}\n`);
    }
    shell.note(`done${receiptText(receipt)}`);
  }
  shell.note(`this machine is signed out, too: ${shell.program} login`);
}

// countersign subkeys create and import: the private key is made here, exists once, and is handed over; or it is elsewhere already.
import type { Subkey } from '../../client/shapes.ts';
import { allowlistOf, shownAllowlist } from '../addresses.ts';
import { connectAsOwner } from '../connection.ts';
import { requireKeySource } from '../main-key.ts';
import { destination, handedOver } from '../new-secret.ts';
import { placeOf } from '../place.ts';
import { printable } from '../printable.ts';
import type { Run, Shell } from '../shell.ts';
import { members } from '../table.ts';
import { moment, secondsOf } from '../times.ts';

/** What both take: no end is what the wire has where none is named. */
export function limitsOf(shell: Shell): { readonly allowed_cidrs: string[]; readonly expires_in?: number } {
  const allowed_cidrs = allowlistOf(shell.values('from'));
  const life = shell.value('for');
  return { allowed_cidrs, ...(life === undefined ? {} : { expires_in: secondsOf(life, 'for') }) };
}

export const createSubkey: Run = async (shell) => {
  const name = shell.argument(0);
  const limits = limitsOf(shell);
  requireKeySource(shell);
  const place = placeOf(shell);
  const where = await destination(shell);
  const { client } = await connectAsOwner(shell, place);
  const { signal } = shell;
  const { subkey } = await handedOver(where, {
    make: async () => (await client.subkeys.create({ name, ...limits }, { signal })).value,
    called: (made) => `the subkey "${made.subkey.name}" (${made.subkey.public_key})`,
    show: (made) => (shell.has('json') ? shell.json(made) : shell.out(`${made.private_key}\n`)),
    lines: (made) => [
      `# subkey "${printable(made.subkey.name)}" subkey:${made.subkey.id}, ${untilOf(made.subkey)}, from ${shownAllowlist(made.subkey.allowed_cidrs)}`,
      `COUNTERSIGN_URL=${place.url}`,
      `COUNTERSIGN_ACCOUNT=${made.subkey.account_id}`,
      `COUNTERSIGN_SUBKEY_PUBLIC_KEY=${made.subkey.public_key}`,
      `COUNTERSIGN_SUBKEY_PRIVATE_KEY=${made.private_key}`,
    ],
    end: (made) => client.subkeys.revoke(made.subkey.public_key),
  });
  if (!shell.has('json')) await tellMade(shell, subkey, where);
  else if (where !== undefined) await shell.json({ subkey });
  return 0;
};

export const importSubkey: Run = async (shell) => {
  const [name = '', public_key = ''] = shell.allArguments;
  const limits = limitsOf(shell);
  requireKeySource(shell);
  const { client } = await connectAsOwner(shell);
  const { value } = await client.subkeys.register({ name, public_key, ...limits }, { signal: shell.signal });
  if (shell.has('json')) await shell.json(value);
  else await shell.out(textOf(shell, value, undefined));
  return 0;
};

async function tellMade(shell: Shell, subkey: Subkey, where: string | undefined): Promise<void> {
  const text = textOf(shell, subkey, where);
  if (where !== undefined) await shell.out(text);
  else for (const line of text.trimEnd().split('\n')) shell.note(line);
}

export const textOf = (shell: Shell, subkey: Subkey, where: string | undefined): string =>
  members(
    [
      ['subkey', subkey.name],
      ['key', `subkey:${subkey.id}`],
      ['public key', subkey.public_key],
      ['account', subkey.account_id],
      ['until', moment(subkey.expires_at, shell.now())],
      ['from', shownAllowlist(subkey.allowed_cidrs)],
      ['secret in', where ?? ''],
    ],
    shell.width,
  );

const untilOf = ({ expires_at }: Subkey): string =>
  expires_at === 0n ? 'without an end' : `until ${new Date(Number(expires_at / 1_000_000n)).toISOString()}`;

// countersign tokens create and rotate: the bearer exists once, and is handed over or ended again.

import type { Client } from '../../client/create-client.ts';
import type { CreatedToken } from '../../client/shapes.ts';
import { allowlistOf, shownAllowlist } from '../addresses.ts';
import { connectAsOwner } from '../connection.ts';
import { requireKeySource } from '../main-key.ts';
import { meantOne, tokenKind } from '../named.ts';
import { destination, handedOver, type Making } from '../new-secret.ts';
import { placeOf } from '../place.ts';
import { printable } from '../printable.ts';
import type { Run, Shell } from '../shell.ts';
import { WrongUse } from '../stops.ts';
import { members } from '../table.ts';
import { moment, secondsOf } from '../times.ts';

export const createToken: Run = async (shell) => {
  const name = shell.argument(0);
  const allowed_cidrs = allowlistOf(shell.values('from'));
  const life = shell.value('for');
  if (life === undefined) throw new WrongUse('--for is missing: how long it lives, like --for 30d');
  const expiry_duration = secondsOf(life, 'for');
  requireKeySource(shell);
  const place = placeOf(shell);
  const where = await destination(shell);
  const { client } = await connectAsOwner(shell, place);
  const { signal } = shell;
  const made = await handedOver(
    where,
    making(
      shell,
      client,
      place.url,
      async () => (await client.tokens.create({ name, expiry_duration, allowed_cidrs }, { signal })).value,
    ),
  );
  await tellMade(shell, made, where);
  return 0;
};

export const rotateToken: Run = async (shell) => {
  const life = shell.value('for');
  const overlap = shell.value('overlap');
  const overlap_seconds = overlap === undefined ? undefined : secondsOf(overlap, 'overlap');
  const expiry_duration = life === undefined ? undefined : secondsOf(life, 'for');
  requireKeySource(shell);
  const place = placeOf(shell);
  const where = await destination(shell);
  const { client } = await connectAsOwner(shell, place);
  const { signal } = shell;
  const { id } = await meantOne(shell, client, tokenKind);
  const options = {
    ...(overlap_seconds === undefined ? {} : { overlap_seconds }),
    ...(expiry_duration === undefined ? {} : { expiry_duration }),
  };
  const made = await handedOver(
    where,
    making(shell, client, place.url, async () => (await client.tokens.rotate(id, options, { signal })).value),
  );
  await tellMade(shell, made, where);
  const { replaced } = made;
  const now = shell.now();
  shell.note(
    replaced.revoked_at === 0n
      ? `the old one, ${replaced.lookup_id}, works until ${moment(replaced.expiry_at, now)}`
      : `the old one, ${replaced.lookup_id}, has ended`,
  );
  return 0;
};

function making<Made extends CreatedToken>(
  shell: Shell,
  client: Client,
  url: string,
  make: () => Promise<Made>,
): Making<Made> {
  return {
    make,
    called: ({ api_token: { name, lookup_id } }) => `the read-only key "${name}" (${lookup_id})`,
    show: (made) => (shell.has('json') ? shell.json(made) : shell.out(`${made.token}\n`)),
    lines: ({ api_token: { name, lookup_id, expiry_at, allowed_cidrs }, token }) => [
      `# read-only key "${printable(name)}" ${lookup_id}, until ${new Date(Number(expiry_at / 1_000_000n)).toISOString()}, from ${shownAllowlist(allowed_cidrs)}`,
      `COUNTERSIGN_URL=${url}`,
      `COUNTERSIGN_TOKEN=${token}`,
    ],
    end: ({ api_token: { lookup_id } }) => client.tokens.revoke(lookup_id),
  };
}

/** Where the secret was printed, stdout holds nothing else. */
async function tellMade(shell: Shell, made: CreatedToken, where: string | undefined): Promise<void> {
  const { token: _, ...rest } = made;
  if (shell.has('json')) {
    if (where !== undefined) await shell.json(rest);
    return;
  }
  const { name, lookup_id, expiry_at, allowed_cidrs } = made.api_token;
  const text = members(
    [
      ['read-only key', name],
      ['id', lookup_id],
      ['until', moment(expiry_at, shell.now())],
      ['from', shownAllowlist(allowed_cidrs)],
      ['secret in', where ?? ''],
    ],
    shell.width,
  );
  if (where !== undefined) await shell.out(text);
  else for (const line of text.trimEnd().split('\n')) shell.note(line);
}

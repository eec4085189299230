// Which credential is meant by what was typed: its id, or a name that only one living one has.
import type { Client } from '../client/create-client.ts';
import type { ApiToken, Device, Subkey } from '../client/shapes.ts';
import type { Shell } from './shell.ts';
import { Failed, WrongUse } from './stops.ts';
import { moment } from './times.ts';

/** One of the three kinds, as the commands see them. */
export interface Listed {
  /** What calls name it by. */
  readonly id: string;
  /** As activity and usage name it, and as the server takes it: `subkey:42`, `token:tok_..`, `device:dev_..`. */
  readonly key: string;
  readonly name: string;
  readonly isAlive: boolean;
  /** Undefined: the server does not say. */
  readonly lastUsedAt: bigint | undefined;
  readonly lastUsedIp: string;
  /** What tells it from another of its name, for a sentence: ` (replaced, until 2 Dec 2026, 14:03)`; most often empty. */
  readonly apart: string;
}

export interface Kind {
  /** For a sentence: `subkey`. */
  readonly called: 'token' | 'subkey' | 'device';
  list(client: Client, hasEnded: boolean, signal: AbortSignal): AsyncIterable<Listed>;
}

export const tokenKind: Kind = {
  called: 'token',
  async *list(client, ended, signal) {
    for await (const one of client.tokens.list({ ended, signal })) yield listedToken(one);
  },
};

export const subkeyKind: Kind = {
  called: 'subkey',
  async *list(client, ended, signal) {
    for await (const one of client.subkeys.list({ ended, signal })) yield listedSubkey(one);
  },
};

export const deviceKind: Kind = {
  called: 'device',
  async *list(client, ended, signal) {
    for await (const one of client.devices.list({ ended, signal })) yield listedDevice(one);
  },
};

/** By the kind of an argument. */
export const kinds: ReadonlyMap<string, Kind> = new Map(
  [tokenKind, subkeyKind, deviceKind].map((kind) => [kind.called, kind]),
);

/** What it is now, by the server's words and this machine's clock. */
export const stateOfToken = ({ revoked_at, expiry_at }: ApiToken, now = Date.now()): string =>
  revoked_at !== 0n ? 'revoked' : expiry_at <= BigInt(now) * 1_000_000n ? 'expired' : 'active';

function listedToken(one: ApiToken): Listed {
  const isAlive = stateOfToken(one) === 'active';
  const apart =
    typeof one.replaced_by === 'string'
      ? ` (the replaced one, which lives until ${moment(one.expiry_at, Date.now())})`
      : '';
  return { id: one.lookup_id, key: `token:${one.token_id}`, isAlive, ...common(one), apart };
}

function listedSubkey(one: Subkey): Listed {
  const isAlive = one.state === 'active' || one.state === 'pending';
  return { id: one.public_key, key: `subkey:${one.id}`, isAlive, ...common(one) };
}

const listedDevice = (one: Device): Listed => ({
  id: one.id,
  key: `device:${one.id}`,
  isAlive: one.state === 'active',
  ...common(one),
});

const common = (one: {
  readonly name: string;
  readonly last_used_at: bigint | undefined;
  readonly last_used_ip: string | null | undefined;
}) => ({
  name: one.name,
  lastUsedAt: one.last_used_at,
  lastUsedIp: one.last_used_ip ?? '',
  apart: '',
});

/** Those that were meant, in the order of the words; undefined: none of that name. Throws WrongUse where a name is of more than one. */
export async function meant(
  shell: Shell,
  client: Client,
  kind: Kind,
  words: readonly string[],
): Promise<readonly (Listed | undefined)[]> {
  const all: Listed[] = [];
  for await (const one of kind.list(client, true, shell.signal)) all.push(one);
  return words.map((word) => {
    const wanted = normal(word);
    const byId = all.find(({ id, key }) => normal(id) === wanted || key === word);
    if (byId !== undefined) return byId;
    const named = all.filter(({ name, isAlive }) => isAlive && name === word);
    if (named.length > 1)
      throw new WrongUse(
        `more than one ${kind.called} is called "${word}": ${named.map(({ key, apart }) => `${key}${apart}`).join(', ')}; name it by its id; nothing was done`,
      );
    return named[0];
  });
}

/** Throws Failed where there is none. */
export async function meantOne(shell: Shell, client: Client, kind: Kind): Promise<Listed> {
  const [found] = await meant(shell, client, kind, [shell.argument(0)]);
  if (found === undefined) throw new Failed(`there is no ${kind.called} of that name or id`);
  return found;
}

/** What activity and usage print of a key, which the server takes as it is. */
const PRINTED = /^(?:[a-z]+:main|subkey:[0-9]+|token:tok_[0-9a-z]+|device:dev_[0-9a-z]+)$/;

/**
 * The key that --key names, as the server takes it: `subkey:42`, or found by its id or name, with or without its kind before it. Undefined:
 * no --key. Throws Failed where there is none, WrongUse where there is more than one.
 */
export async function keyMeant(shell: Shell, client: Client): Promise<string | undefined> {
  const word = shell.value('key');
  if (word === undefined || PRINTED.test(word)) return word;
  const [, prefix = '', rest = ''] = /^([a-z]+):(.*)$/.exec(word) ?? [];
  const kind = kinds.get(prefix);
  const found: string[] = [];
  for (const one of kind === undefined ? kinds.values() : [kind]) {
    const [listed] = await meant(shell, client, one, [kind === undefined ? word : rest]);
    if (listed !== undefined) found.push(listed.key);
  }
  if (found.length > 1) throw new WrongUse(`more than one key is called that: ${found.join(', ')}`);
  if (found[0] === undefined) throw new Failed('there is no key of that name or id; the lists and activity name them');
  return found[0];
}

/** The name of each key, by what activity and usage print of it. */
export async function namesOfKeys(shell: Shell, client: Client): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>();
  for (const kind of kinds.values())
    for await (const { key, name } of kind.list(client, true, shell.signal)) names.set(key, name);
  return names;
}

/** Public keys have no leading zeros and small letters, however they were typed. */
const normal = (word: string): string =>
  /^0[xX][0-9a-fA-F]{1,64}$/.test(word) ? `0x${BigInt(word).toString(16)}` : word.toLowerCase();

/** `0x12ab…cdef` for reading; a copy needs all of it. */
export const short = (hex: string): string =>
  /^0x[0-9a-f]{9,}$/.test(hex) ? `${hex.slice(0, 6)}…${hex.slice(-4)}` : hex;

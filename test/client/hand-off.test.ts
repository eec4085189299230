// A subkey handed to another device, over real HTTP: by clients on both sides, whose clocks may be wrong.
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ClientOptions, createClient } from '../../src/client/create-client.ts';
import { CountersignError } from '../../src/client/errors.ts';
import { HandOffDamaged } from '../../src/client/hand-off.ts';
import { sentenceOfTaking } from '../../src/client/refusal-words.ts';
import { starkKey, subkey } from '../../src/client/stark-auth.ts';
import { base64urlOf, bytesOfBase64url } from '../../src/domain/base64.ts';
import { newOwner, type Owner, startWorld, type World } from '../support/world.ts';

const CONSOLE = 'https://keys.venue.example';

let world: World;
let owner: Owner;
beforeAll(async () => {
  world = await startWorld();
  owner = await newOwner(world);
});
afterAll(() => world.stop());

/** The test's clock, so many seconds off. */
const clockOff = (seconds = 0) => ({ now: () => world.clock.date().getTime() + seconds * 1000 });
const ownerClient = () => createClient({ url: world.url, auth: starkKey(owner.privateKey), clock: clockOff() });
const phone = (options: Partial<ClientOptions> = {}) => createClient({ url: world.url, clock: clockOff(), ...options });
const offered = async () => (await ownerClient().subkeys.handOff({ name: 'phone', console_url: CONSOLE })).value;
const refusalOf = (link: string, options: Partial<ClientOptions> = {}): Promise<unknown> =>
  phone(options)
    .subkeys.takeHandOff(link)
    .then(
      () => undefined,
      (error: unknown) => error,
    );

test('a subkey that is handed off works on the other device, and its owner sees it active', async () => {
  const { subkey: pending, link } = await offered();
  expect(pending).toMatchObject({ state: 'pending', name: 'phone' });
  expect(link).toMatch(/^https:\/\/keys\.venue\.example\/console\/hand-off#[A-Za-z0-9_-]{130}$/);
  const taken = await phone().subkeys.takeHandOff(link, { name: 'my phone' });
  expect(taken).toEqual({
    account: owner.account,
    public_key: pending.public_key,
    private_key: expect.stringMatching(/^0x[0-9a-f]{64}$/),
  });
  const client = createClient({ url: world.url, auth: subkey(taken.private_key, taken.account), clock: clockOff() });
  expect(await client.account.self()).toMatchObject({ kind: 'subkey', credential: pending.public_key });
  expect(await ownerClient().subkeys.get(pending.public_key)).toMatchObject({ state: 'active', name: 'my phone' });
});

test('nothing that the owner sends, and nothing that an error says, holds the private key or the key of the link', async () => {
  const sent: string[] = [];
  const fetch: NonNullable<ClientOptions['fetch']> = (url, init) => {
    sent.push(`${url} ${JSON.stringify(init?.headers)} ${init?.body}`);
    return globalThis.fetch(url, init);
  };
  const client = createClient({ url: world.url, auth: starkKey(owner.privateKey), clock: clockOff(), fetch });
  const { link } = (await client.subkeys.handOff({ name: 'phone', console_url: CONSOLE })).value;
  const taken = await phone().subkeys.takeHandOff(link);
  const again = await refusalOf(link);
  const said = `${sent.join('\n')} ${again} ${again instanceof Error ? again.stack : ''} ${inspect(again)}`;
  expect(sent.length).toBeGreaterThan(1);
  for (const secret of [taken.private_key.slice(4), link.slice(-40)]) expect(said).not.toContain(secret);
});

describe('a code that is not good', () => {
  test('a used code, one that ran out, one that was ended and a clock that is off are four different refusals', async () => {
    const used = (await offered()).link;
    await phone().subkeys.takeHandOff(used);
    const ranOut = (await offered()).link;
    const ended = await offered();
    await ownerClient().subkeys.revoke(ended.subkey.public_key);
    const still = (await offered()).link;
    // The clock that the server tells is 10 minutes behind the one that it checks by.
    const lying: NonNullable<ClientOptions['fetch']> = async (url, init) => {
      if (!String(url).endsWith('/v1/system/time')) return globalThis.fetch(url, init);
      const server_time = String(world.clock.date().getTime() - 600_000);
      return new Response(JSON.stringify({ server_time }), { headers: { 'content-type': 'application/json' } });
    };
    const off = await refusalOf(still, { fetch: lying });
    world.clock.advance(121);
    const refusals = [await refusalOf(used), await refusalOf(ranOut), await refusalOf(ended.link), off];
    expect(refusals.map((error) => error instanceof CountersignError && error.code)).toEqual([
      'SUBKEY_ALREADY_ACTIVATED',
      'SUBKEY_NOT_ACTIVATABLE',
      'SUBKEY_NOT_ACTIVATABLE',
      'INVALID_TIMESTAMP',
    ]);
    expect(refusals.map(sentenceOfTaking)).toEqual([
      'This code was used already. If that was not you, delete the key on your computer now. It was taken from 127.0.0.1.',
      expect.stringContaining('it ran out'),
      expect.stringContaining('the key was deleted'),
      "This phone's clock is 10 min behind. Set it to automatic and scan again.",
    ]);
  });

  test('a phone whose clock is 10 minutes off takes a key all the same: it signs by the time of the server', async () => {
    for (const seconds of [-600, 600]) {
      const { subkey: pending, link } = await offered();
      const taken = await phone({ clock: clockOff(seconds) }).subkeys.takeHandOff(link);
      expect(taken.public_key).toBe(pending.public_key);
    }
  });

  test('each byte of the link flipped is refused, and the code itself is still good', async () => {
    const { subkey: pending, link } = await offered();
    const bytes = bytesOfBase64url(link.split('#')[1] ?? '') ?? new Uint8Array();
    expect(bytes).toHaveLength(97);
    for (let at = 0; at < bytes.length; at += 1) {
      const flipped = bytes.with(at, (bytes[at] ?? 0) ^ 0x01);
      const error = await refusalOf(`${CONSOLE}/console/hand-off#${base64urlOf(flipped)}`);
      expect(error instanceof HandOffDamaged || error instanceof CountersignError, `byte ${at}: ${error}`).toBe(true);
      expect(sentenceOfTaking(error)).toMatch(/^(?:The code is damaged|This code ran out)/);
    }
    expect((await phone().subkeys.takeHandOff(link)).public_key).toBe(pending.public_key);
  });

  test('each byte of the ciphertext flipped on its way is refused, and nothing of it is given out', async () => {
    const { link } = await offered();
    let answer = '';
    const keeping: NonNullable<ClientOptions['fetch']> = async (url, init) => {
      const response = await globalThis.fetch(url, init);
      if (String(url).endsWith('/activate')) answer = await response.clone().text();
      return response;
    };
    const taken = await phone({ fetch: keeping }).subkeys.takeHandOff(link);
    const bytes = bytesOfBase64url(JSON.parse(answer).encrypted_key) ?? new Uint8Array();
    expect(bytes).toHaveLength(61);
    const answering =
      (encrypted_key: unknown): NonNullable<ClientOptions['fetch']> =>
      async (url, init) =>
        String(url).endsWith('/activate')
          ? new Response(JSON.stringify({ encrypted_key }), { headers: { 'content-type': 'application/json' } })
          : globalThis.fetch(url, init);
    for (let at = 0; at < bytes.length; at += 1) {
      const flipped = base64urlOf(bytes.with(at, (bytes[at] ?? 0) ^ 0x80));
      expect(await refusalOf(link, { fetch: answering(flipped) }), `byte ${at}`).toBeInstanceOf(HandOffDamaged);
    }
    for (const other of [undefined, null, 7, '', base64urlOf(bytes.slice(1))]) {
      expect(await refusalOf(link, { fetch: answering(other) })).toBeInstanceOf(HandOffDamaged);
    }
    expect(await phone({ fetch: answering(base64urlOf(bytes)) }).subkeys.takeHandOff(link)).toEqual(taken);
  });

  test('a damaged code is refused before anything is sent', async () => {
    const sent: unknown[] = [];
    const fetch: NonNullable<ClientOptions['fetch']> = (url, init) => {
      sent.push(url);
      return globalThis.fetch(url, init);
    };
    const { link } = await offered();
    expect(await refusalOf(link.slice(0, -1), { fetch })).toBeInstanceOf(HandOffDamaged);
    expect(sent).toEqual([]);
  });
});

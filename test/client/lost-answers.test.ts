// What a client knows when its answer is lost, at whichever byte: of a create, that it may have been made, and what to look for; of what can be
// repeated, that it was done.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, createClient } from '../../src/client/create-client.ts';
import { newDeviceKey } from '../../src/client/device-key.ts';
import { NoAnswer } from '../../src/client/errors.ts';
import { starkKey } from '../../src/client/stark-auth.ts';
import { createStarkKey } from '../../src/client/stark-key.ts';
import { type CuttingProxy, startCuttingProxy } from '../support/cutting-proxy.ts';
import { type Service, startService } from '../support/harness.ts';
import { onboard, starkTrader } from '../support/trader.ts';

let service: Service;
let proxy: CuttingProxy;
/** Through the proxy. */
let client: Client;
let impatient: Client;
/** Past it. */
let direct: Client;

beforeAll(async () => {
  service = await startService({ settings: { 'tokens.max_live': '10000', 'subkeys.max_live': '1000' } });
  proxy = await startCuttingProxy(service.port);
  const owner = starkTrader();
  await onboard(service.url, owner);
  const auth = starkKey(owner.privateKey, { account: owner.account });
  client = createClient({ url: proxy.url, auth });
  impatient = createClient({ url: proxy.url, auth, retries: 0 });
  direct = createClient({ url: service.url, auth });
  // The session and the server's clock: what follows is one request at a time.
  await Promise.all([client, impatient].map((one) => one.tokens.create({ name: 'first' })));
});
afterAll(async () => {
  await proxy.stop();
  await service.stop();
});

const outcomeOf = async <T>(work: Promise<T>): Promise<T | Error> => {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
};

/** Calls `work` with the answer cut at byte 0, 1, 2 and so on, or every `step`, until an answer came whole. */
async function atEveryByte(work: (byte: number) => Promise<void>, step = 1): Promise<number> {
  for (let byte = 0; ; byte += step) {
    proxy.cutNextAfter(byte);
    await work(byte);
    if (!proxy.hasCut()) return byte;
  }
}

const allTokens = async () => {
  const found = [];
  for await (const token of direct.tokens.list({ ended: true, limit: 500 })) found.push(token);
  return found;
};

describe('at every byte of the answer', { timeout: 180_000 }, () => {
  test('a create whose answer is lost at any byte made one token at most, and says what to look for; none is made twice', async () => {
    const outcomes = new Map<string, unknown>();
    const began = BigInt(Date.now() - 10_000) * 1_000_000n;
    const bytes = await atEveryByte(async (byte) => {
      const name = `cut at ${byte}`;
      outcomes.set(name, await outcomeOf(client.tokens.create({ name })));
    });
    expect(bytes).toBeGreaterThan(500);
    const made = Map.groupBy(await allTokens(), ({ name }) => name);
    for (const [name, outcome] of outcomes) {
      const tokens = made.get(name) ?? [];
      expect(tokens.length, name).toBeLessThanOrEqual(1);
      if (!(outcome instanceof Error)) {
        expect(tokens, name).toHaveLength(1);
        continue;
      }
      expect(outcome, name).toBeInstanceOf(NoAnswer);
      expect(outcome, name).toMatchObject({ maybeMade: { kind: 'token', name } });
      const since = outcome instanceof NoAnswer ? outcome.maybeMade?.since : undefined;
      expect(since, name).toBeGreaterThan(began);
      // It was made, as the proxy hands on every request: what to look for finds it.
      expect(
        tokens.filter(({ created_at }) => created_at >= (since ?? 0n)),
        name,
      ).toHaveLength(1);
    }
    expect([...outcomes.values()].filter((outcome) => !(outcome instanceof Error))).toHaveLength(1);
  });

  test('a create whose answer began says that the server has acted; before its first byte, that nobody knows', async () => {
    proxy.cutNextAfter(0);
    expect(await outcomeOf(client.tokens.create({ name: 'nothing' }))).toMatchObject({
      name: 'NoAnswer',
      phase: 'unknown',
    });
    proxy.cutNextAfter(600);
    expect(await outcomeOf(client.tokens.create({ name: 'most of it' }))).toMatchObject({
      name: 'NoAnswer',
      phase: 'sent',
    });
  });

  test('a subkey whose answer is lost at any byte is looked for by its public key, and its private key is not lost', async () => {
    const made: string[] = [];
    await atEveryByte(async (byte) => {
      const { value } = await client.subkeys.create({ name: `cut at ${byte}`, allowed_cidrs: ['192.0.2.1'] });
      expect(createStarkKey(value.private_key).publicKey).toBe(value.subkey.public_key);
      expect(await direct.subkeys.get(value.subkey.public_key)).toEqual(value.subkey);
      made.push(value.subkey.public_key);
      await direct.subkeys.revoke(value.subkey.public_key);
    }, 97);
    expect(made.length).toBeGreaterThan(3);
    expect(new Set(made).size).toBe(made.length);
  });

  test('a subkey that was there before, or has ended, is not taken for the one whose registration got no answer', async () => {
    const { value } = await direct.subkeys.create({ name: 'there before' });
    const { public_key } = value.subkey;
    const registered = async () => {
      proxy.cutNextAfter(0);
      return outcomeOf(client.subkeys.register({ name: 'again', public_key }));
    };
    const lost = { name: 'NoAnswer', phase: 'unknown', maybeMade: { kind: 'subkey', publicKey: public_key } };
    // As long ago as a clock that was asked over a network may be off.
    await expect.poll(registered, { timeout: 20_000, interval: 500 }).toMatchObject(lost);
    await direct.subkeys.revoke(public_key);
    expect(await registered()).toMatchObject(lost);
  });

  test('a device whose answer is lost says by which public key to look for it', async () => {
    const { public_key } = await newDeviceKey();
    proxy.cutNextAfter(0);
    const lost = await outcomeOf(client.devices.add({ name: 'lost', public_key }));
    expect(lost).toMatchObject({
      name: 'NoAnswer',
      maybeMade: { kind: 'device', name: 'lost', publicKey: public_key.x },
    });
  });

  test('a rotation whose answer is lost makes one successor, and says in whose place to look for it', async () => {
    const { value } = await direct.tokens.create({ name: 'rotated' });
    const { lookup_id: lookupId } = value.api_token;
    proxy.cutNextAfter(300);
    const lost = await outcomeOf(client.tokens.rotate(lookupId));
    expect(lost).toMatchObject({ name: 'NoAnswer', maybeMade: { kind: 'token', replaces: lookupId } });
    const { replaced_by } = await direct.tokens.get(lookupId);
    expect(await direct.tokens.get(replaced_by ?? '')).toMatchObject({ replaces: lookupId });
    expect((await allTokens()).filter(({ replaces }) => replaces === lookupId)).toHaveLength(1);
  });

  test('a revocation whose answer is lost at any byte is repeated until it is seen, with its receipt', async () => {
    const live = (await allTokens()).filter(({ revoked_at }) => revoked_at === 0n);
    let cuts = 0;
    await atEveryByte(async (byte) => {
      const token = live[byte];
      if (token === undefined) throw new Error('too few tokens');
      const { value, receipt } = await client.tokens.revoke(token.lookup_id);
      expect(value).toEqual({ lookup_id: token.lookup_id });
      expect(receipt).toMatchObject({ nodes: 1 });
      if (proxy.hasCut()) cuts += 1;
    });
    expect(cuts).toBeGreaterThan(300);
    const ended = (await allTokens()).filter(({ revoked_at }) => revoked_at > 0n);
    expect(ended).toHaveLength(cuts + 1);
  });

  test('a change that is not repeated after a lost answer never passes for one that was not made', async () => {
    const [token] = (await allTokens()).filter(({ revoked_at }) => revoked_at === 0n);
    if (token === undefined) throw new Error('no token');
    await atEveryByte(async (byte) => {
      const outcome = await outcomeOf(impatient.tokens.restrict(token.lookup_id, [`203.0.113.${byte % 250}`]));
      const said = outcome instanceof NoAnswer ? outcome.phase : 'answered';
      expect(proxy.hasCut() ? ['sent', 'unknown'] : ['answered'], `cut at ${byte}`).toContain(said);
    }, 7);
  });

  test('a list whose answer is lost at any byte is asked for again', async () => {
    await atEveryByte(async () => {
      const { results } = await client.tokens.list({ limit: 1 }).page();
      expect(results).toHaveLength(1);
    }, 7);
  });
});

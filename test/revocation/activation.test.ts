// Activating a pending subkey against everything else that can happen to it, at every await of either: a result is computed, the
// other one runs, and only then is it delivered. Whatever the order, the ciphertext is given once or never, and a key that was
// revoked, or a row that is gone, never comes back.
//
// | what                  | waits for                                              |
// |-----------------------|--------------------------------------------------------|
// | activation            | the subkey, its verification, the account in its own   |
// |                       | transaction, the answer to its commit                  |
// | revocation            | the subkey, requireStill's read, the answer            |
// | revoke-all            | requireStill's read, the answer                        |
// | registration          | the account, two looks at a key, its verification,     |
// |                       | requireStill's read, the answer                        |
// | lock                  | the answer                                             |
// | purge                 | nothing: it comes before or after                      |
import { expect, test } from 'vitest';
import { createStarkKey, type StarkKey } from '../../src/client/stark-key.ts';
import type { Caller } from '../../src/credentials/caller.ts';
import type { AccountId } from '../../src/domain/credential.ts';
import { feltOf } from '../../src/domain/felt.ts';
import { addSeconds } from '../../src/domain/time.ts';
import { ApiError } from '../../src/errors.ts';
import { openService, type Service } from '../support/revocation/service.ts';

const CIPHERTEXT = 'for the phone only';
const OTHER_CIPHERTEXT = 'of the second registration';
const PENDING_LIFE = 900;

const subkey = createStarkKey('0x5eed');

/** One account with one pending subkey. */
interface Race {
  readonly service: Service;
  readonly account: AccountId;
  readonly key: StarkKey;
  readonly owner: Caller;
  /** An ephemeral key is for one pending subkey of all. */
  readonly phones: readonly [first: StarkKey, second: StarkKey];
}

let accounts = 0;

async function newRace(service: Service): Promise<Race> {
  accounts += 1;
  const account = feltOf(0xacc00000n + BigInt(accounts));
  const key = newKey(0xb055 + accounts);
  const owner = await service.addAccount(account, key);
  const phones = [newKey(0xf0e + accounts), newKey(0x1f0e + accounts)] as const;
  const race = { service, account, key, owner, phones };
  await register(race, { phone: phones[0], encryptedKey: CIPHERTEXT, life: 300 });
  return race;
}

const newKey = (n: number): StarkKey => createStarkKey(`0x${n.toString(16)}`);

const register = (
  { service, account, key, owner }: Race,
  { phone, encryptedKey, life }: { phone: StarkKey; encryptedKey: string; life: number },
) => {
  const pending = { encryptedKey, ephPublicKey: phone.publicKey };
  return service.register(owner, service.registration({ key, account, publicKey: subkey.publicKey, pending, life }));
};
const registerAgain = (race: Race) =>
  register(race, { phone: race.phones[1], encryptedKey: OTHER_CIPHERTEXT, life: 299 });
const activate = ({ service, account, phones }: Race) =>
  service.activate(service.activation(account, subkey.publicKey, phones[0]));
const revoke = ({ service, owner }: Race) => service.subkeys.revoke(owner, subkey.publicKey);
const revokeAll = ({ service, owner }: Race) => service.signOut.revokeAll(owner, { subkeys: true, tokens: true });

/** `done`, the ciphertext, or the code of the refusal. */
const said = (work: Promise<unknown>): Promise<string> =>
  work.then(
    (result) => (typeof result === 'string' ? result : 'done'),
    (error: unknown) => {
      if (error instanceof ApiError) return error.code;
      throw error;
    },
  );

/** What is stored of this subkey, and what its holder gets: the two must say the same. */
async function stateOf({ service, account }: Race): Promise<string[]> {
  const rows = service.sql(
    `select state, encrypted_key, eph_public_key, pending_until <> 0 as waits from subkey
     where account_id = ? and public_key = ? order by id`,
    account,
    subkey.publicKey,
  );
  for (const { state, encrypted_key, eph_public_key, waits } of rows) {
    const kept = [encrypted_key !== '', eph_public_key !== '', waits === 1];
    expect(kept, 'what only a pending key needs').toEqual(Array(3).fill(state === 'pending'));
  }
  const states = rows.map(({ state }) => String(state));
  const login = await said(service.login.stark(service.starkLogin(subkey, subkey.publicKey, { account })));
  expect(login.startsWith('ey'), `${states} but login says ${login}`).toBe(states.at(-1) === 'active');
  return states;
}

/** How often it was activated, as the audit log has it. */
const activations = ({ service, account }: Race): number =>
  service.sql("select id from audit where account_id = ? and action = 'subkey.activated'", account).length;

interface Expected {
  /** What the activation says. */
  readonly activation: string;
  /** What the other one says. */
  readonly other: string;
  /** Rows of this key, oldest first. */
  readonly states: readonly string[];
}

interface Other {
  readonly run: (race: Race) => Promise<unknown>;
  /** Where it waits. */
  readonly stops: readonly string[];
  /** When it is the first to commit, and when the activation is. */
  readonly wins: Expected;
  readonly loses: Expected;
}

const others: Readonly<Record<string, Other>> = {
  'a revocation': {
    run: revoke,
    stops: ['store.subkey', 'tx.facts', 'transaction'],
    wins: { activation: 'SUBKEY_NOT_ACTIVATABLE', other: 'done', states: ['revoked'] },
    loses: { activation: CIPHERTEXT, other: 'done', states: ['revoked'] },
  },
  'the revocation of everything': {
    run: revokeAll,
    stops: ['tx.facts', 'transaction'],
    wins: { activation: 'SUBKEY_NOT_ACTIVATABLE', other: 'done', states: ['revoked'] },
    loses: { activation: CIPHERTEXT, other: 'done', states: ['revoked'] },
  },
  'a revocation and a second registration': {
    run: (race) => revoke(race).then(() => registerAgain(race)),
    stops: [],
    wins: { activation: 'SUBKEY_NOT_ACTIVATABLE', other: 'done', states: ['revoked', 'pending'] },
    loses: { activation: CIPHERTEXT, other: 'done', states: ['revoked', 'pending'] },
  },
  'a second activation': {
    run: activate,
    stops: ['store.subkey', 'verify.activation', 'tx.account', 'transaction'],
    wins: { activation: 'SUBKEY_ALREADY_ACTIVATED', other: CIPHERTEXT, states: ['active'] },
    loses: { activation: CIPHERTEXT, other: 'SUBKEY_ALREADY_ACTIVATED', states: ['active'] },
  },
  'a registration of the same key': {
    run: registerAgain,
    stops: ['store.account', 'verify.public_key', 'verify.registration', 'tx.facts'],
    wins: { activation: CIPHERTEXT, other: 'NOT_UNIQUE', states: ['active'] },
    loses: { activation: CIPHERTEXT, other: 'NOT_UNIQUE', states: ['active'] },
  },
  'the lock of the account': {
    run: ({ service, account }) => service.lock(account),
    stops: ['transaction'],
    wins: { activation: 'REQUEST_NOT_ALLOWED', other: 'done', states: ['pending'] },
    loses: { activation: CIPHERTEXT, other: 'done', states: ['active'] },
  },
};

/** Whatever `expected` says, it holds together. */
async function check(race: Race, said: Pick<Expected, 'activation' | 'other'>, expected: Expected, what: string) {
  await race.service.unlock(race.account);
  expect({ ...said, states: await stateOf(race) }, what).toEqual(expected);
  const given = [said.activation, said.other].filter((text) => text === CIPHERTEXT).length;
  expect([activations(race), given], what).toEqual(given === 0 ? [0, 0] : [1, 1]);
}

test.each(Object.entries(others))('while an activation waits anywhere: %s', async (_what, { run, wins, loses }) => {
  const service = await openService();
  // Not in its transaction yet.
  for (const stop of ['store.subkey', 'verify.activation']) {
    const race = await newRace(service);
    const hold = service.holds.at(stop);
    const activation = said(activate(race));
    await hold.reached;
    const other = await said(run(race));
    hold.release();
    await check(race, { activation: await activation, other }, wins, stop);
  }
  // In its transaction: the other one waits for the writer.
  {
    const race = await newRace(service);
    const hold = service.holds.at('tx.account');
    const activation = said(activate(race));
    await hold.reached;
    const other = said(run(race));
    hold.release();
    await check(race, { activation: await activation, other: await other }, loses, 'tx.account');
  }
  // Committed, and not applied on this node when the other one is acknowledged; a session is minted in between.
  {
    const race = await newRace(service);
    const hold = service.holds.at('transaction');
    const activation = said(activate(race));
    await hold.reached;
    const { account } = race;
    const session = await service.login.stark(service.starkLogin(subkey, subkey.publicKey, { account }));
    const other = await said(run(race));
    hold.release();
    expect(await activation).toBe(CIPHERTEXT);
    const asked = { route: { access: 'trade', identity: undefined }, method: 'POST' } as const;
    const decision = await service.authorize({
      ...asked,
      authorization: [`Bearer ${session}`],
      clientIp: race.owner.clientIp,
    });
    const usable = loses.states.at(-1) === 'active' && run !== others['the lock of the account']?.run;
    expect(decision.kind, 'the session that was minted meanwhile').toBe(usable ? 'allow' : 'deny');
    await check(race, { activation: CIPHERTEXT, other }, loses, 'transaction');
  }
});

test.each(Object.entries(others).filter(([, { stops }]) => stops.length > 0))(
  'an activation while %s waits anywhere',
  async (_what, { run, stops, wins, loses }) => {
    const service = await openService();
    for (const stop of stops) {
      const race = await newRace(service);
      const hold = service.holds.at(stop);
      const other = said(run(race));
      await hold.reached;
      const activation = said(activate(race));
      // What stands in its transaction lets nobody in before it ends; else the activation ends first.
      if (!stop.startsWith('tx.')) await activation;
      hold.release();
      const first = stop.startsWith('tx.') || stop === 'transaction' ? wins : loses;
      await check(race, { activation: await activation, other: await other }, first, stop);
    }
  },
);

test('whoever waits for the writer gets it in the order of asking', async () => {
  const service = await openService();
  for (const revokesFirst of [true, false]) {
    const race = await newRace(service);
    const busy = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const writer = service.store.transaction(async () => {
      begun.resolve();
      await busy.promise;
    });
    await begun.promise;
    const verified = service.holds.at('verify.activation');
    const activation = said(activate(race));
    await verified.reached;
    const answers: Promise<string>[] = [];
    const acts = [() => verified.release(), () => void answers.push(said(revoke(race)))];
    for (const act of revokesFirst ? acts.reverse() : acts) {
      act();
      // All that it does before it waits for the writer.
      await new Promise((resolve) => setImmediate(resolve));
    }
    busy.resolve();
    await writer;
    const expected = others['a revocation']?.[revokesFirst ? 'wins' : 'loses'];
    if (expected === undefined) throw new Error('no such row');
    const [other = 'never asked'] = await Promise.all(answers);
    await check(race, { activation: await activation, other }, expected, `revoked first: ${revokesFirst}`);
  }
});

test('a pending key whose time is over is gone for an activation that waits, and an activated one is never purged', async () => {
  const service = await openService();
  for (const stop of ['store.subkey', 'verify.activation']) {
    for (const isPurged of [true, false]) {
      const race = await newRace(service);
      const hold = service.holds.at(stop);
      const activation = said(activate(race));
      await hold.reached;
      service.advance(PENDING_LIFE);
      if (isPurged) await service.store.purgeExpired(addSeconds(service.clock.now(), 1));
      hold.release();
      expect(await activation, stop).toBe('SUBKEY_NOT_ACTIVATABLE');
      expect(await stateOf(race)).toEqual(isPurged ? [] : ['pending']);
      expect(activations(race)).toBe(0);
    }
  }
  const race = await newRace(service);
  const hold = service.holds.at('tx.account');
  const activation = said(activate(race));
  await hold.reached;
  const purged = service.store.purgeExpired(addSeconds(service.clock.now(), PENDING_LIFE + 1));
  hold.release();
  await purged;
  expect(await activation).toBe(CIPHERTEXT);
  expect(await stateOf(race)).toEqual(['active']);
});

// When the store cannot write, what the operator ended is dead on this node all the same, and says that it was not written.
import { createSecretKey, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import pino from 'pino';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { composeCore } from '../../src/compose/core.ts';
import { composeMonitoring } from '../../src/compose/monitoring.ts';
import { composeOperatorServices } from '../../src/compose/operator.ts';
import { loadConfig } from '../../src/config/load.ts';
import { readSettingsText } from '../../src/config/settings-file.ts';
import { isRevocable } from '../../src/credentials/found-credential.ts';
import type { OperatorAct } from '../../src/credentials/operator-act.ts';
import { requireUsable } from '../../src/credentials/require-usable.ts';
import { isRevoked } from '../../src/credentials/revoke-credential.ts';
import {
  accountSubject,
  credentialSubject,
  MAIN_CREDENTIAL_ID,
  signingKeySubject,
} from '../../src/domain/credential.ts';
import { feltOf } from '../../src/domain/felt.ts';
import { NEVER, unixNanos, unixSeconds } from '../../src/domain/time.ts';
import { StoreFailure } from '../../src/errors.ts';
import { NoSigningKey } from '../../src/jwt/keyring.ts';
import { createSigningKey, toRecord } from '../../src/jwt/signing-key.ts';
import { openStore } from '../../src/store/open.ts';
import type { Store } from '../../src/store/store.ts';
import { subkeyOf, tokenOf } from '../support/store/rows.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const act: OperatorAct = { actor: 'operator', requestId: 'request-1', clientIp: '127.0.0.1' };
const account = feltOf(0xa11cen);
const unwritten = { code: 'SERVICE_UNAVAILABLE', message: 'the change could not be written' };

async function setUp() {
  let now = 1_800_000_000_000_000_000n;
  const start = now;
  const time = { wall: () => now, monotonic: () => Number((now - start) / 1_000_000n) };
  const disk: { full: boolean; committed: () => Promise<void> } = { full: false, committed: async () => undefined };
  const folder = temporaryFolder();
  const { config } = loadConfig({
    argv: [`--data=${join(folder, 'data')}`, `--master_key.file=${join(folder, 'master.key')}`],
    env: {},
    cwd: folder,
    readFile: readSettingsText,
  });
  const core = await composeCore(config, {
    ...composeMonitoring(pino({ level: 'silent' })),
    time,
    async open(...how) {
      const opened = await openStore(...how);
      const transaction: Store['transaction'] = async (work) => {
        if (disk.full) throw new StoreFailure('database or disk is full');
        const result = await opened.store.transaction(work);
        await disk.committed();
        return result;
      };
      return { ...opened, store: { ...opened.store, transaction } };
    },
  });
  onTestFinished(() => core[Symbol.asyncDispose]());
  const { store, clock, keyring, live, view, denials, changes } = core;
  const { signingKeys, lockAccount, revokeCredential, credentials } = composeOperatorServices(config, core);
  await store.transaction((tx) =>
    tx.insertAccount(
      {
        account,
        signer: { type: 'starknet', publicKey: feltOf(7n) },
        validAfter: NEVER,
        lockedAt: NEVER,
        createdAt: clock.now(),
      },
      '',
    ),
  );
  now += 1_000_000_000n;
  return {
    store,
    disk,
    keyring,
    live,
    denials,
    changes,
    factsOf: (kid: string) => view.ask({ account, kind: 'main', id: MAIN_CREDENTIAL_ID, kid }, (facts) => facts),
    signingKeys,
    lockAccount,
    revokeCredential,
    credentials,
    at: clock.now(),
    passed: (seconds: bigint) => {
      now += seconds * 1_000_000_000n;
    },
  };
}

let it: Awaited<ReturnType<typeof setUp>>;
beforeEach(async () => {
  it = await setUp();
});

function openRequest(subject: string): string[] {
  const cuts: string[] = [];
  const grant = it.live.open({
    principal: {
      credential: { account, kind: 'main', id: MAIN_CREDENTIAL_ID },
      permissions: new Set(),
      label: '',
      kid: '',
      session: '',
      expiresAt: unixSeconds(0),
      authTime: unixSeconds(0),
      isolated: false,
      tokenUsage: undefined,
    },
    subjects: [subject],
    position: 0n,
    refusalAt: () => undefined,
    endsAt: NEVER,
    endReason: 'bearer_expired',
    decidedAt: NEVER,
  });
  grant.onCut((reason) => cuts.push(reason));
  return cuts;
}

test('a lock that cannot be written locks until it is unlocked', async () => {
  const cuts = openRequest(accountSubject(account));
  it.disk.full = true;
  await expect(it.lockAccount.lock(account, act)).rejects.toMatchObject(unwritten);
  expect(cuts).toEqual(['account_locked']);
  expect(await it.factsOf('')).toMatchObject({ accountLocked: true });

  await expect(it.lockAccount.unlock(account, act)).rejects.toMatchObject(unwritten);
  expect(await it.factsOf('')).toMatchObject({ accountLocked: true });
  it.disk.full = false;
  expect(await it.lockAccount.unlock(account, act)).toMatchObject({ result: { lockedAt: NEVER } });
  expect(await it.factsOf('')).toMatchObject({ accountLocked: false });
  expect(it.changes.stats().unwritten).toBe(0);
});

test('a lock that is written after all is one like any other: nothing is denied beside it', async () => {
  it.disk.full = true;
  await expect(it.lockAccount.lock(account, act)).rejects.toMatchObject(unwritten);
  expect(it.changes.stats().unwritten).toBe(1);
  it.disk.full = false;
  await it.lockAccount.lock(account, act);
  expect(it.changes.stats().unwritten).toBe(0);
  expect(await it.factsOf('')).toMatchObject({ accountLocked: true });
});

test.each(['subkey', 'token'] as const)(
  'a %s whose end cannot be written is dead until the end is written, and no other one is',
  async (kind) => {
    await it.store.transaction(async (tx) => {
      for (const name of ['one', 'two'] as const) {
        await tx.insertSubkey({ ...subkeyOf(account), publicKey: feltOf(name === 'one' ? 11n : 12n) });
        await tx.insertToken(tokenOf(account, name));
      }
    });
    const found = async (text: string) => {
      const answer = await it.credentials.find(text);
      const [one] = answer.results;
      if (one === undefined || !isRevocable(one)) throw new Error(`${text} is not found`);
      return one;
    };
    const states = async () => {
      const names = kind === 'subkey' ? ['subkey:1', 'subkey:2'] : ['tok_one', 'tok_two'];
      return Promise.all(names.map(async (name) => isRevoked(await found(name))));
    };
    const one = await found(kind === 'subkey' ? 'subkey:1' : 'tok_one');
    const cuts = openRequest(credentialSubject(one.ref));
    it.disk.full = true;
    await expect(it.revokeCredential(one, act)).rejects.toMatchObject(unwritten);
    expect(cuts).toEqual(['credential_revoked']);
    expect(await states()).toEqual([true, false]);
    expect(it.changes.stats().unwritten).toBe(1);
    it.disk.full = false;
    expect(await it.revokeCredential(one, act)).toMatchObject({ result: true, receipt: { nodes: 1 } });
    expect(it.changes.stats().unwritten).toBe(0);
    expect(await states()).toEqual([true, false]);
  },
);

test.each(['subkey', 'token'] as const)(
  'a %s that its owner ended while nothing could even be read is denied by its name, until the operator ends that one',
  async (kind) => {
    await it.store.transaction(async (tx) => {
      await tx.insertSubkey({ ...subkeyOf(account), publicKey: feltOf(11n) });
      await tx.insertToken(tokenOf(account, 'one'));
    });
    const {
      results: [one],
    } = await it.credentials.find(kind === 'subkey' ? 'subkey:1' : 'tok_one');
    if (one === undefined || !isRevocable(one)) throw new Error('it is not found');
    it.denials.remember([{ kind: 'named', account, of: kind, label: one.row.label }]);
    expect(it.changes.stats().unwritten).toBe(1);
    expect(await it.revokeCredential(one, act)).toMatchObject({ result: true, receipt: { nodes: 1 } });
    expect(it.changes.stats().unwritten).toBe(0);
  },
);

test('a signing key whose end cannot be written is dead, and its use has a signer again once the store writes', async () => {
  const { kid } = it.keyring.signer('session');
  const cuts = openRequest(signingKeySubject(kid));
  it.disk.full = true;
  await expect(it.signingKeys.retire(kid, act)).rejects.toMatchObject(unwritten);
  expect(cuts).toEqual(['signing_key_retired']);
  expect(it.keyring.isLive(kid)).toBe(false);
  expect(await it.factsOf(kid)).toMatchObject({ signingKeyAlive: false });
  expect(it.keyring.jwks().keys.map((key) => key.kid)).not.toContain(kid);

  it.disk.full = false;
  await it.signingKeys.advance();
  expect(it.keyring.signer('session').kid).not.toBe(kid);
  await it.signingKeys.retire(kid, act);
  expect(it.changes.stats().unwritten).toBe(0);
  expect(await it.factsOf(kid)).toMatchObject({ signingKeyAlive: false });
  expect((await it.store.signingKeys()).find((key) => key.kid === kid)?.state).toBe('retired');
});

test('a key that has stopped never signs again, not even when no other is left', async () => {
  const { kid } = await it.signingKeys.rotate('session', act);
  it.passed(60n);
  await it.signingKeys.advance();
  expect(it.keyring.signer('session').kid).toBe(kid);
  it.disk.full = true;
  await expect(it.signingKeys.retire(kid, act)).rejects.toMatchObject(unwritten);
  expect(() => it.keyring.signer('session')).toThrow(NoSigningKey);
});

test('a token that the old key signs while the new one is being activated keeps the old key until it has expired', async () => {
  const { kid: old } = it.keyring.signer('token');
  await it.signingKeys.rotate('token', act);
  it.passed(60n);
  const expiryAt = unixNanos(it.at + 30n * 86_400_000_000_000n);
  // Between the commit of the activation and the turn in which this node applies it.
  it.disk.committed = async () => {
    it.disk.committed = async () => undefined;
    const { kid } = it.keyring.signer('token');
    expect(kid).toBe(old);
    await it.store.transaction((tx) => tx.insertToken({ ...tokenOf(account, 'late'), kid, expiryAt }));
  };
  const stateOfOld = async () => {
    await it.signingKeys.advance();
    return (await it.store.signingKeys()).find((one) => one.kid === old)?.state;
  };
  expect(await stateOfOld()).toBe('verifying');
  it.passed(29n * 86_400n);
  expect(await stateOfOld()).toBe('verifying');
  it.passed(86_400n);
  expect(await stateOfOld()).toBe('retired');
});

test('no token is made with a key that was retired a moment ago, although it could still be signed', async () => {
  const { kid } = it.keyring.signer('token');
  const made = it.store.transaction(async (tx) => {
    await tx.retireSigningKey(kid, it.at);
    await tx.insertToken({ ...tokenOf(account, 'late'), kid });
    await requireUsable(tx, { account, kind: 'token', id: 'tok_late' }, kid);
  });
  await expect(made).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
});

test('a new key that could not be written neither signs nor is published', async () => {
  it.disk.full = true;
  const before = it.keyring.jwks();
  await expect(it.signingKeys.rotate('session', act)).rejects.toMatchObject(unwritten);
  expect(it.keyring.jwks()).toEqual(before);
});

test('the steps of a key cannot be skipped or taken back in the store', async () => {
  const { kid } = it.keyring.signer('token');
  const at = unixNanos(5n);
  const steps = await it.store.transaction(async (tx) => [
    await tx.activateSigningKey(kid),
    await tx.stopSigningKey(kid, at),
    await tx.stopSigningKey(kid, at),
    await tx.activateSigningKey(kid),
    await tx.retireSigningKey(kid, at),
    await tx.retireSigningKey(kid, at),
    await tx.activateSigningKey(kid),
    await tx.stopSigningKey(kid, at),
  ]);
  expect(steps).toEqual([false, true, false, false, true, false, false, false]);
});

test.each(['published', 'active', 'verifying'] as const)(
  'a %s key is alive in the facts a decision reads',
  async (state) => {
    const masterKey = createSecretKey(randomBytes(32));
    const key = toRecord(masterKey, createSigningKey('session'), { state, createdAt: it.at });
    await it.store.insertSigningKey(key);
    const { facts } = await it.store.facts({ account, kind: 'main', id: MAIN_CREDENTIAL_ID, kid: key.kid });
    expect(facts.signingKeyAlive).toBe(true);
  },
);

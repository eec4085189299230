// The life of a JWT signing key: published, active, verifying, retired. A new key signs only after it has been published for a while, and
// an old one verifies until nothing it signed can be valid: a rotation refuses no bearer.
import type { KeyObject } from 'node:crypto';
import { credentialSubject, NO_ACCOUNT, type Subject, signingKeySubject } from '../domain/credential.ts';
import { KEY_GRACE_SECONDS } from '../domain/lifetimes.ts';
import { addSeconds, type Clock, type UnixNanos, unixNanos } from '../domain/time.ts';
import { ApiError } from '../errors.ts';
import type { Keyring } from '../jwt/keyring.ts';
import { hasRows, jwtKinds, type KeyUse } from '../jwt/kinds.ts';
import { createSigningKey, type SigningKeyRecord, toRecord } from '../jwt/signing-key.ts';
import type { Changed, Changes } from '../revocation/commit.ts';
import type { Store, StoreTransaction } from '../store/store.ts';
import { bySchedule, type OperatorAct } from './operator-act.ts';
import { type Recorded, record, recordAll } from './record.ts';

export interface SigningKeys {
  /** Oldest first, after doing what is due, so that the states are current. */
  list(): Promise<readonly SigningKeyRecord[]>;
  /**
   * Publishes a new key, which signs after publishDelaySeconds. Returns the waiting key when there is one. Throws
   * REQUEST_NOT_ALLOWED for a use that is off.
   */
  rotate(use: KeyUse, act: OperatorAct): Promise<SigningKeyRecord>;
  /**
   * Ends a key and every bearer it signed, at once; with a key of sessions every device. A use without another signer first gets a new key, which signs without
   * waiting. Idempotent. Throws NOT_FOUND, and SERVICE_UNAVAILABLE, after which the key is dead on this node until it restarts.
   */
  retire(kid: string, act: OperatorAct): Promise<Changed<RetiredKey>>;
  /** What a retirement would end now. Throws NOT_FOUND. */
  wouldEnd(kid: string): Promise<Ended>;
  /** Does what is due: published keys begin to sign, spent keys retire, old keys are replaced. */
  advance(): Promise<void>;
  /** Retires the keys of uses that are off, so that jwks.json does not publish them. Called at the start of a server. */
  retireUnused(): Promise<void>;
  /** Runs `work`, which replaces keys and sets the clock, while no other call touches the keys. */
  whileTimeIsSet<T>(work: () => Promise<T>): Promise<T>;
  /** When a published key begins to sign. */
  signsFrom(key: SigningKeyRecord): UnixNanos;
}

export interface Ended {
  readonly key: SigningKeyRecord;
  /**
   * How many JWTs of the key are accepted still. Those without a row are counted by the audit log, which may lack those of the last
   * second.
   */
  readonly accepted: number;
}

export interface RetiredKey {
  readonly key: SigningKeyRecord;
  /** How many were marked as revoked; 0 for a key that was retired already. */
  readonly tokens: number;
}

export interface SigningKeySettings {
  /** 0 = never replaced by age. */
  readonly maxAgeSeconds: number;
  readonly publishDelaySeconds: number;
  /** Uses that must have a signing key. */
  readonly uses: readonly KeyUse[];
}

export function createSigningKeys(deps: {
  store: Pick<Store, 'signingKeys' | 'countTokensSignedBy' | 'countAudit'>;
  changes: Changes;
  clock: Clock;
  keyring: Pick<Keyring, 'isLive'>;
  masterKey: KeyObject;
  settings: SigningKeySettings;
}): SigningKeys {
  const { store, changes, clock, keyring, settings } = deps;
  const { uses } = settings;
  // A key that a command published while no server ran has not been seen by anyone yet.
  let servedSince = clock.now();
  let last: Promise<unknown> = Promise.resolve();

  // One at a time: each step is decided on the rows as the one before left them.
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = last.then(work);
    last = done.catch(() => undefined);
    return done;
  }

  return {
    list: () =>
      inTurn(async () => {
        await advance();
        return store.signingKeys();
      }),

    rotate: (use, act) =>
      inTurn(async () => {
        if (!uses.includes(use))
          throw new ApiError('REQUEST_NOT_ALLOWED', `${use} tokens are off: there is no key to rotate`);
        const waiting = (await store.signingKeys()).find((key) => key.use === use && key.state === 'published');
        const { kid } = waiting ?? (await publish(use, act, 'asked for'));
        await advance();
        return find(kid);
      }),

    retire: (kid, act) =>
      inTurn(async () => {
        const key = await find(kid);
        // If the store fails here it fails in end() too, which ends the key on this node anyway.
        if (key.state === 'active') await ensureSigner(key.use, act, kid).catch(() => undefined);
        return end(key, act, ASKED_FOR);
      }),

    async wouldEnd(kid) {
      const key = await find(kid);
      if (key.state === 'retired') return { key, accepted: 0 };
      const now = clock.latest();
      const { lifetimeSeconds, issuedAs } = jwtKinds[key.use];
      const accepted =
        lifetimeSeconds === undefined
          ? await store.countTokensSignedBy(kid, now)
          : await store.countAudit(issuedAs, addSeconds(now, -lifetimeSeconds));
      return { key, accepted };
    },

    advance: () => inTurn(advance),

    retireUnused: () =>
      inTurn(async () => {
        for (const key of await store.signingKeys()) {
          if (key.state !== 'retired' && !uses.includes(key.use)) await end(key, bySchedule, 'off');
        }
      }),

    whileTimeIsSet: (work) =>
      inTurn(async () => {
        const result = await work();
        const now = clock.now();
        if (servedSince > now) servedSince = now;
        return result;
      }),

    signsFrom,
  };

  async function advance(): Promise<void> {
    const now = clock.now();
    for (const key of await store.signingKeys()) {
      if (key.state === 'published' && signsFrom(key) <= now) await activate(key, bySchedule);
      if (await isSpent(key, now)) await end(key, bySchedule, 'spent');
    }
    for (const use of uses) await ensureSigner(use, bySchedule);
    if (settings.maxAgeSeconds === 0) return;
    const keys = await store.signingKeys();
    for (const use of uses) {
      const waiting = keys.some((key) => key.use === use && key.state === 'published');
      const young = keys.some(
        (key) => key.use === use && key.state === 'active' && addSeconds(key.createdAt, settings.maxAgeSeconds) > now,
      );
      if (!waiting && !young) await publish(use, bySchedule, 'age');
    }
  }

  // A token may have been signed after the last expiry was looked up and before this key stopped on every node: it keeps the key.
  async function isSpent({ kid, use, verifyUntil }: SigningKeyRecord, now: UnixNanos): Promise<boolean> {
    if (verifyUntil === undefined || verifyUntil > now) return false;
    return !hasRows(use) || (await store.countTokensSignedBy(kid, now)) === 0;
  }

  // Without a signer there is no publishDelay.
  async function ensureSigner(use: KeyUse, act: OperatorAct, besides?: string): Promise<void> {
    const keys = (await store.signingKeys()).filter((key) => key.use === use && key.kid !== besides);
    if (keys.some((key) => key.state === 'active' && keyring.isLive(key.kid))) return;
    await activate(keys.find((key) => key.state === 'published') ?? (await publish(use, act, 'no signer')), act);
  }

  function signsFrom(key: SigningKeyRecord): UnixNanos {
    const published = key.createdAt > servedSince ? key.createdAt : servedSince;
    return addSeconds(published, settings.publishDelaySeconds);
  }

  async function publish(use: KeyUse, act: OperatorAct, why: string): Promise<SigningKeyRecord> {
    // The newest active key of a use signs, so no two may have the same time.
    const newest = (await store.signingKeys()).findLast((key) => key.use === use)?.createdAt ?? 0n;
    const now = clock.now();
    const createdAt = now > newest ? now : unixNanos(newest + 1n);
    const key = toRecord(deps.masterKey, createSigningKey(use), { state: 'published', createdAt });
    await changes.commit(async (tx) => {
      await tx.insertSigningKey(key);
      return { result: undefined, change: await record(tx, keyChange(key, 'signing_key.published', act, { why })) };
    });
    return key;
  }

  async function activate(key: SigningKeyRecord, act: OperatorAct): Promise<void> {
    await changes.commit(async (tx) => {
      if (!(await tx.activateSigningKey(key.kid))) return { result: undefined, change: undefined };
      const replaces: string[] = [];
      for (const { kid, use, state } of await tx.signingKeys()) {
        if (use !== key.use || state !== 'active' || kid === key.kid) continue;
        await tx.stopSigningKey(kid, addSeconds(await lastExpiry(tx, use), KEY_GRACE_SECONDS));
        replaces.push(kid);
      }
      const subjects = [key.kid, ...replaces].map(signingKeySubject);
      const activated = { ...keyChange(key, 'signing_key.activated', act, { replaces }), subjects };
      return { result: undefined, change: await record(tx, activated) };
    });
  }

  async function lastExpiry(tx: StoreTransaction, use: KeyUse) {
    const now = clock.now();
    const { lifetimeSeconds } = jwtKinds[use];
    if (lifetimeSeconds !== undefined) return addSeconds(now, lifetimeSeconds);
    const latest = await tx.latestTokenExpiry();
    return latest > now ? latest : now;
  }

  async function end(key: SigningKeyRecord, act: OperatorAct, why: string): Promise<Changed<RetiredKey>> {
    const ended = { kind: 'signing_key', kid: key.kid } as const;
    const { result: tokens, receipt } = await changes.commit(
      async (tx) => {
        const now = clock.now();
        if (!(await tx.retireSigningKey(key.kid, now))) return { result: 0, change: undefined };
        // Mark the rows too: lists and limits read them.
        const tokens = await tx.revokeTokensSignedBy(key.kid, now);
        const devices = why === ASKED_FOR && signsSessions(key.use) ? await endEveryDevice(tx, act, now) : [];
        const detail = {
          why,
          ...(tokens === 0 ? {} : { revoked_tokens: tokens }),
          ...(devices.length === 0 ? {} : { ended_devices: devices.length }),
        };
        const change = await record(tx, keyChange(key, 'signing_key.retired', act, detail));
        return { result: tokens, change: { ...change, subjects: [...change.subjects, ...devices] } };
      },
      { ifUnwritten: { end: () => [ended], cut: 'signing_key_retired' }, onceWritten: { lift: () => [ended] } },
    );
    return { result: { key: await find(key.kid), tokens }, receipt };
  }

  async function find(kid: string): Promise<SigningKeyRecord> {
    const key = (await store.signingKeys()).find((one) => one.kid === kid);
    if (key === undefined) throw new ApiError('NOT_FOUND', 'no such signing key');
    return key;
  }
}

const ASKED_FOR = 'asked for';

const signsSessions = (use: KeyUse): boolean => jwtKinds[use].bearer !== undefined && !hasRows(use);

// Whoever has a key of sessions may have signed in devices with it, and those would outlive it.
async function endEveryDevice(tx: StoreTransaction, act: OperatorAct, now: UnixNanos): Promise<readonly Subject[]> {
  const ended = (await tx.endEveryDevice(now)).flatMap(({ account, devices }) =>
    devices.map(({ deviceId, name }) => ({
      by: act,
      account,
      action: 'device.ended' as const,
      subject: credentialSubject({ account, kind: 'device', id: deviceId }),
      detail: { name, why: 'signing key retired' },
      narrows: true,
    })),
  );
  for (let at = 0; at < ended.length; at += PAGE_ROWS) await recordAll(tx, ended.slice(at, at + PAGE_ROWS));
  return ended.map(({ subject }) => subject);
}

const PAGE_ROWS = 500;

/** The change of a signing key's state, for its rows. */
export const keyChange = (
  { kid, use }: Pick<SigningKeyRecord, 'kid' | 'use'>,
  action: 'signing_key.published' | 'signing_key.activated' | 'signing_key.retired',
  act: OperatorAct,
  detail: Readonly<Record<string, unknown>>,
): Recorded => ({
  by: act,
  account: NO_ACCOUNT,
  action,
  subject: signingKeySubject(kid),
  detail: { use, ...detail },
  narrows: action === 'signing_key.retired',
});

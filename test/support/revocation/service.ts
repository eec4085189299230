// The whole service on a real store and a loopback socket, with a clock that stands still and a hold on everything that is
// awaited: a test lets a result be computed, keeps it from arriving, and lets the world change meanwhile.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import pino from 'pino';
import { onTestFinished } from 'vitest';
import type { RouteAccess } from '../../../src/access/route-table.ts';
import { createStarkKey, type StarkKey } from '../../../src/client/stark-key.ts';
import { createWallet, siweText } from '../../../src/client/wallet.ts';
import { composeAuthority } from '../../../src/compose/authority.ts';
import { composeCore } from '../../../src/compose/core.ts';
import { composeExplain } from '../../../src/compose/explain.ts';
import { composeGateway } from '../../../src/compose/gateway.ts';
import { composeLimits } from '../../../src/compose/limits.ts';
import { composeMonitoring } from '../../../src/compose/monitoring.ts';
import { prepare } from '../../../src/compose/prepare.ts';
import { composePublic } from '../../../src/compose/public.ts';
import { composeVenue } from '../../../src/compose/venue.ts';
import { composeVerifier } from '../../../src/compose/verifier.ts';
import { loadConfig } from '../../../src/config/load.ts';
import type { Activation } from '../../../src/credentials/activate-subkey.ts';
import type { Caller } from '../../../src/credentials/caller.ts';
import type { StarkLoginRequest } from '../../../src/credentials/login.ts';
import type { OwnerPurpose, OwnerSignature } from '../../../src/credentials/owner-proof.ts';
import type { SubkeyRegistration } from '../../../src/credentials/register-subkey.ts';
import { anywhere, parseIp } from '../../../src/domain/allowlist.ts';
import { type AccountId, accountSubject, type CredentialRef } from '../../../src/domain/credential.ts';
import { type Felt, feltOf } from '../../../src/domain/felt.ts';
import type { Subkey } from '../../../src/domain/subkey.ts';
import { NEVER, nanosOfSeconds, secondsOf, unixSeconds } from '../../../src/domain/time.ts';
import type { Token } from '../../../src/domain/token.ts';
import { activationHash, createMessageHasher, registrationHash } from '../../../src/starknet/message.ts';
import { parseSignaturePair, type StarkSignature } from '../../../src/starknet/signature.ts';
import { DATABASE_FILE } from '../../../src/store/database-file.ts';
import { openStore } from '../../../src/store/open.ts';
import type { Account, Store } from '../../../src/store/store.ts';
import type { Verifier } from '../../../src/verification/verifier.ts';
import { curve } from '../curve.ts';
import { type Venue as VenueServer, venueAddress } from '../forward-harness.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { someone } from '../verifier.ts';

const NOW = unixSeconds(1_800_000_000);
const SIWE_DOMAIN = 'app.example.test';

/** As shipped but for these. */
const settings = [
  '--port=0',
  `--siwe.domains=${SIWE_DOMAIN}`,
  '--login.max_age=600',
  '--login.future_tolerance=5',
  '--subkeys.reregister_revoked=true',
  '--tokens.may_read_keys=true',
  '--rate_limit.enabled=false',
  '--engine.workers=0',
  '--engine.table_mib=0',
  // One request after the other, so that one can wait for its turn.
  '--upstream.connections=1',
  // What is forwarded here is a body of no order.
  '--orders.verify=off',
  '--http.drain_timeout=0',
];

export interface Hold {
  /** Resolves when the result exists and waits to be delivered. */
  readonly reached: Promise<void>;
  release(): void;
}

/** Names what is awaited: `store.<method>`, `transaction` (after its commit), `tx.facts`, `tx.account`, `tx.subkey`, `verify.<kind of question>`. */
function createHolds() {
  const armed = new Map<string, { passes: number; reached: () => void; go: Promise<void> }>();
  return {
    /** Keeps the next result of that name, or the one after `passes` others. */
    at(name: string, passes = 0): Hold {
      const reached = Promise.withResolvers<void>();
      const go = Promise.withResolvers<void>();
      armed.set(name, { passes, reached: () => reached.resolve(), go: go.promise });
      return { reached: reached.promise, release: () => go.resolve() };
    },
    async pass<T>(name: string, work: () => Promise<T>): Promise<T> {
      const result = await work();
      const hold = armed.get(name);
      if (hold === undefined) return result;
      hold.passes -= 1;
      if (hold.passes >= 0) return result;
      armed.delete(name);
      hold.reached();
      await hold.go;
      return result;
    },
  };
}

type Holds = ReturnType<typeof createHolds>;

const held = (store: Store, { pass }: Holds): Store => ({
  ...store,
  facts: (query) => pass('store.facts', () => store.facts(query)),
  account: (account) => pass('store.account', () => store.account(account)),
  subkey: (account, publicKey) => pass('store.subkey', () => store.subkey(account, publicKey)),
  token: (account, lookupId) => pass('store.token', () => store.token(account, lookupId)),
  subkeys: (account, filter, page) => pass('store.subkeys', () => store.subkeys(account, filter, page)),
  tokens: (account, filter, page) => pass('store.tokens', () => store.tokens(account, filter, page)),
  transaction: (work) =>
    pass('transaction', () =>
      store.transaction((tx) =>
        work({
          ...tx,
          facts: (query) => pass('tx.facts', () => tx.facts(query)),
          account: (account) => pass('tx.account', () => tx.account(account)),
          subkey: (account, publicKey) => pass('tx.subkey', () => tx.subkey(account, publicKey)),
          token: (account, lookupId) => pass('tx.token', () => tx.token(account, lookupId)),
        }),
      ),
    ),
});

const heldVerifier = (verifier: Verifier, { pass }: Holds): Verifier => ({
  ...verifier,
  ask: (question, asker) => pass(`verify.${question.kind}`, () => verifier.ask(question, asker)),
});

export const aliceKey = createStarkKey('0xa11ce');
export const subkeyKey = createStarkKey('0x5b');
export const newKey = createStarkKey('0x5c');
const wallet = createWallet(`0x${'11'.repeat(32)}`);

/** Alice and Bob sign with Stark keys and both registered the same subkey; Carol with a wallet. */
export const alice: AccountId = feltOf(0xa11cen);
export const bob: AccountId = feltOf(0xb0bn);
export const carol: AccountId = feltOf(0xca401n);

export async function openService(options: { viewCapacity?: number; singleUse?: boolean } = {}) {
  const folder = temporaryFolder();
  await using composing = new AsyncDisposableStack();
  composing.defer(() => rmSync(folder, { recursive: true, force: true }));
  const loaded = loadConfig({
    argv: [
      ...settings,
      `--data=${join(folder, 'data')}`,
      `--master_key.file=${join(folder, 'master.key')}`,
      `--login.single_use=${options.singleUse ?? false}`,
    ],
    env: {},
    cwd: folder,
    readFile: unreadable,
  });
  const { config } = loaded;
  let wall = nanosOfSeconds(NOW);
  let monotonic = 0;
  const time = { wall: () => wall, monotonic: () => monotonic };
  const holds = createHolds();
  const monitoring = composeMonitoring(pino({ level: 'silent' }));
  const verification = composing.use(await composeVerifier(config, monitoring));
  const verifier = heldVerifier(verification.verifier, holds);
  const core = composing.use(
    await composeCore(
      { ...config, 'memory.entries': options.viewCapacity ?? 100 },
      {
        ...monitoring,
        time,
        async open(...how) {
          const opened = await openStore(...how);
          return { ...opened, store: held(opened.store, holds) };
        },
      },
    ),
  );
  const { store, clock, live, view, changes, denials } = core;
  const opening: { hook: (() => void) | undefined } = { hook: undefined };
  const hookedLive: typeof live = {
    open(grant) {
      const opened = live.open(grant);
      opening.hook?.();
      return opened;
    },
    cut: live.cut,
    endBy: live.endBy,
    cutEverybody: live.cutEverybody,
    get size() {
      return live.size;
    },
  };
  const prepared = prepare(loaded);
  const { figures } = prepared.routes;
  const limits = composeLimits(config, { ...core, ...monitoring, figures, hasTls: false });
  const authority = composeAuthority(config, { ...core, ...monitoring, ...limits, live: hookedLive, verifier });
  const { authorize, issuer, login } = authority;
  const { register, activate, manage: subkeys } = authority.subkeys;
  const { signOut, proveOwner, endSelf, reportLeaked } = authority.emergency;
  const tokens = authority.tokens.manage;
  const rotateToken = authority.tokens.rotate;
  const running = composing.move();
  onTestFinished(() => running.disposeAsync());

  const hasher = createMessageHasher(curve, {
    domainName: config['wire.domain_name'],
    chainId: config['wire.starknet_chain_id'],
  });

  const accountOf = (account: AccountId, signer: Account['signer']): Account => ({
    account,
    signer,
    validAfter: NEVER,
    lockedAt: NEVER,
    createdAt: clock.now(),
  });
  const subkeyOf = (account: AccountId, state: 'active' | 'pending') => ({
    account,
    publicKey: subkeyKey.publicKey,
    name: 'bot',
    state,
    allowlist: anywhere,
    expiresAt: NEVER,
    pending: state === 'pending' ? { encryptedKey: 'x', ephPublicKey: subkeyKey.publicKey, until: NEVER } : undefined,
    createdAt: clock.now(),
    updatedAt: clock.now(),
    revokedAt: NEVER,
    registeredBy: '',
  });
  const registered = await store.transaction(async (tx) => {
    for (const account of [alice, bob]) {
      await tx.insertAccount(
        accountOf(account, {
          type: 'starknet',
          publicKey: account === alice ? aliceKey.publicKey : createStarkKey('0xb0b').publicKey,
        }),
        '0x0',
      );
    }
    await tx.insertAccount(accountOf(carol, { type: 'eip191', ethAddress: wallet.address.toLowerCase() }), '0x0');
    return [await tx.insertSubkey(subkeyOf(alice, 'active')), await tx.insertSubkey(subkeyOf(bob, 'active'))];
  });
  const [aliceSubkey, bobSubkey] = registered;
  if (aliceSubkey === undefined || bobSubkey === undefined) throw new Error('the subkeys were not registered');

  function sessionOf(credential: CredentialRef): string {
    const { account, kind, id } = credential;
    if (kind === 'token') throw new Error('a token has no session');
    const request = {
      credential: { account, kind, id },
      label: '0x1',
      isolated: false,
      tokenUsage: undefined,
    } as const;
    return issuer.issueSession({ ...request, authTime: secondsOf(clock.now()) }, secondsOf(clock.now())).jwt;
  }

  const mainSession = (account: AccountId): string => sessionOf({ account, kind: 'main', id: 'main' });
  const subkeySession = ({ account, id }: Subkey): string => sessionOf({ account, kind: 'subkey', id: id.toString() });

  /** An owner who was authenticated just now. */
  const owner = (account: AccountId): Promise<Caller> => callerBy(mainSession(account), 'keys:manage');
  /** The subkey itself, for what ends it. */
  const holder = (subkey: Subkey): Promise<Caller> => callerBy(subkeySession(subkey), 'possession');

  async function callerBy(bearer: string, access: RouteAccess): Promise<Caller> {
    const decision = await authorize({
      route: { access, identity: undefined },
      method: 'POST',
      authorization: [`Bearer ${bearer}`],
      clientIp: parseIp('127.0.0.1'),
    });
    if (decision.kind === 'deny' || decision.principal === undefined) throw new Error('the caller was refused');
    decision.release();
    return {
      principal: decision.principal,
      clientIp: parseIp('127.0.0.1'),
      clientIpText: '127.0.0.1',
      requestId: 'request-1',
      asker: someone,
      // What the store knows must be enough by itself.
      refusal: () => undefined,
    };
  }

  function sql(text: string, ...values: string[]): Record<string, unknown>[] {
    const database = new DatabaseSync(join(config['data.folder'], DATABASE_FILE));
    try {
      return database.prepare(text).all(...values);
    } finally {
      database.close();
    }
  }

  /** Resolves when the lock is acknowledged. */
  async function lock(account: AccountId): Promise<void> {
    await changes.commit(async (tx) => {
      await tx.lockAccount(account, clock.now());
      const subjects = [accountSubject(account)];
      const change = await tx.appendChange({ account, action: 'account.locked', subjects, narrows: true });
      return { result: undefined, change };
    });
  }

  async function unlock(account: AccountId): Promise<void> {
    await changes.commit(async (tx) => {
      await tx.unlockAccount(account);
      const subjects = [accountSubject(account)];
      const change = await tx.appendChange({ account, action: 'account.unlocked', subjects, narrows: false });
      return { result: undefined, change };
    });
  }

  /** Signed now, or so many seconds ahead. */
  function starkLogin(
    key: StarkKey,
    publicKey: StarkLoginRequest['publicKey'],
    { account = alice, ahead = 0 } = {},
  ): StarkLoginRequest {
    const timestamp = unixSeconds(secondsOf(clock.now()) + ahead);
    const expiration = unixSeconds(timestamp + 300);
    const signature = signatureOf(key, hasher.loginHash({ account, timestamp, expiration }));
    return { account, publicKey, signature, timestamp, expiration, ...fromHere };
  }

  /** What Alice's main key signs where there is no session. */
  function emergency(purpose: OwnerPurpose): OwnerSignature {
    const timestamp = secondsOf(clock.now());
    const expiration = unixSeconds(timestamp + 300);
    const signature = signatureOf(aliceKey, hasher.loginHash({ account: alice, purpose, timestamp, expiration }));
    return { account: alice, by: { kind: 'main_key', signature, timestamp, expiration }, ...fromHere };
  }

  function walletLogin(nonce: string) {
    const issuedAt = new Date(secondsOf(clock.now()) * 1000);
    const siweMessage = siweText({
      domain: SIWE_DOMAIN,
      address: wallet.address,
      statement: 'Paradex Auth',
      chainId: config['wire.l1_chain_id'],
      nonce,
      issuedAt,
      expirationTime: new Date(issuedAt.getTime() + 300_000),
    });
    return { account: carol, siweMessage, signature: wallet.personalSign(siweMessage), ...fromHere };
  }

  interface Registered {
    readonly key?: StarkKey;
    readonly account?: AccountId;
    readonly publicKey?: Felt;
    readonly pending?: SubkeyRegistration['pending'];
    /** Seconds: one signature registers one key once. */
    readonly life?: number;
  }

  /** What an owner sends to register a subkey; Alice and `newKey` unless told otherwise. */
  function registration({
    key = aliceKey,
    account = alice,
    publicKey = newKey.publicKey,
    pending,
    life = 300,
  }: Registered = {}): SubkeyRegistration {
    const timestamp = secondsOf(clock.now());
    const expiry = unixSeconds(timestamp + life);
    const signature = signatureOf(key, registrationHash(curve, { account, publicKey, timestamp, expiry }));
    const stark = { signature, timestamp, expiry };
    return { name: 'new', publicKey, allowlist: anywhere, expiresIn: 0, pending, stark, wallet: undefined };
  }

  /** Another account that signs with a Stark key, and its owner. */
  async function addAccount(account: AccountId, key: StarkKey): Promise<Caller> {
    await store.transaction((tx) =>
      tx.insertAccount(accountOf(account, { type: 'starknet', publicKey: key.publicKey }), '0x0'),
    );
    return owner(account);
  }

  /** What the phone sends that holds the ephemeral key. */
  function activation(account: AccountId, publicKey: Felt, ephemeral: StarkKey): Activation {
    const timestamp = secondsOf(clock.now());
    const signature = signatureOf(ephemeral, activationHash(curve, timestamp, ephemeral.publicKey));
    const { clientIpText, requestId, asker } = fromHere;
    return { account, publicKey, timestamp, signature, name: undefined, clientIpText, requestId, asker };
  }

  const createToken = async (account: AccountId): Promise<{ token: Token; jwt: string }> =>
    tokens.create(await owner(account), {
      name: 'reader',
      kind: 'readonly',
      lifetimeSeconds: 86_400,
      allowlist: anywhere,
    });

  /** The public door, before `upstream`. Resolves with its port. */
  async function listen(upstream: VenueServer): Promise<number> {
    await using listening = new AsyncDisposableStack();
    const all = { ...config, 'upstream.url': venueAddress(upstream.url) };
    const venue = listening.use(await composeVenue(all));
    const gateway = listening.use(
      composeGateway(all, { ...core, ...monitoring, verifier, venue, figures, scheme: 'http' }),
    );
    const { explainer } = listening.use(await composeExplain(all, { ...core, ...monitoring }));
    const door = listening.use(
      await composePublic(
        { ...loaded, config: all },
        { ...prepared, ...monitoring, core, explainer, authority, gateway, limits, readiness: async () => ({}) },
      ),
    );
    const running = listening.move();
    onTestFinished(() => running.disposeAsync());
    return Number(new URL(door.url).port);
  }

  return {
    store,
    clock,
    holds,
    live,
    view,
    changes,
    denials,
    authorize,
    login,
    register,
    subkeys,
    tokens,
    rotateToken,
    aliceSubkey,
    bobSubkey,
    opening,
    mainSession,
    subkeySession,
    owner,
    holder,
    lock,
    unlock,
    sql,
    starkLogin,
    walletLogin,
    registration,
    addAccount,
    activate,
    activation,
    proveOwner,
    emergency,
    signOut,
    endSelf,
    reportLeaked,
    createToken,
    listen,
    advance(seconds: number): void {
      wall = nanosOfSeconds(unixSeconds(secondsOf(wall) + seconds));
      monotonic += seconds * 1_000;
    },
    /** The revocation of Alice's subkey by its owner; resolves when it is acknowledged. */
    revokeSubkey: async () => subkeys.revoke(await owner(alice), subkeyKey.publicKey),
  };
}

export type Service = Awaited<ReturnType<typeof openService>>;

function signatureOf(key: StarkKey, hash: bigint | undefined): StarkSignature {
  const signature = hash === undefined ? undefined : parseSignaturePair(key.sign(hash));
  if (signature === undefined) throw new Error('no signature');
  return signature;
}

const fromHere = {
  isolated: false,
  tokenUsage: undefined,
  clientIp: parseIp('127.0.0.1'),
  clientIpText: '127.0.0.1',
  requestId: 'request-1',
  asker: someone,
} as const;

const unreadable = (): never => {
  throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
};

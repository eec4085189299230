// The whole service on a real store and a loopback socket, with a clock that stands still and a hold on everything that is
// awaited: a test lets a result be computed, keeps it from arriving, and lets the world change meanwhile.

import { createSecretKey, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import pino from 'pino';
import { onTestFinished } from 'vitest';
import { createAuthorize } from '../../../src/access/authorize.ts';
import { createRouteMatcher, parseRouteTable, type RouteAccess } from '../../../src/access/route-table.ts';
import paradexRoutes from '../../../src/access/routes/paradex.json' with { type: 'json' };
import { createAuditJournal } from '../../../src/audit/journal.ts';
import { createStarkKey, type StarkKey } from '../../../src/client/stark-key.ts';
import { createWallet, siweText } from '../../../src/client/wallet.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { type Activation, createActivateSubkey } from '../../../src/credentials/activate-subkey.ts';
import type { Caller } from '../../../src/credentials/caller.ts';
import { createEndSelf } from '../../../src/credentials/end-self.ts';
import { createLogin, type StarkLoginRequest } from '../../../src/credentials/login.ts';
import { createManageSubkeys } from '../../../src/credentials/manage-subkeys.ts';
import { createManageTokens } from '../../../src/credentials/manage-tokens.ts';
import { createProveOwner, type OwnerPurpose, type OwnerSignature } from '../../../src/credentials/owner-proof.ts';
import { createRegisterSubkey, type SubkeyRegistration } from '../../../src/credentials/register-subkey.ts';
import { createReportLeaked } from '../../../src/credentials/report-leaked.ts';
import { createSignOut } from '../../../src/credentials/sign-out.ts';
import { createWalletProofs } from '../../../src/credentials/wallet-proof.ts';
import { anywhere, parseIp } from '../../../src/domain/allowlist.ts';
import { type AccountId, accountSubject, type CredentialRef } from '../../../src/domain/credential.ts';
import { type Felt, feltOf } from '../../../src/domain/felt.ts';
import { passedHeaders } from '../../../src/domain/request-headers.ts';
import { createShares } from '../../../src/domain/shares.ts';
import type { Subkey } from '../../../src/domain/subkey.ts';
import { NEVER, nanosOfSeconds, secondsOf, unixSeconds } from '../../../src/domain/time.ts';
import type { Token } from '../../../src/domain/token.ts';
import { createForward } from '../../../src/gateway/forward.ts';
import { createUpstream } from '../../../src/gateway/upstream.ts';
import { createAdmission } from '../../../src/http/admission.ts';
import { createFront } from '../../../src/http/front.ts';
import { createHandlers } from '../../../src/http/handlers.ts';
import { createPeers } from '../../../src/http/kit/client-ip.ts';
import { createCors } from '../../../src/http/kit/cors.ts';
import { createRequestIds } from '../../../src/http/kit/request-ids.ts';
import { createIssuer } from '../../../src/jwt/issue.ts';
import { createKeyring } from '../../../src/jwt/keyring.ts';
import { createSigningKey, toRecord } from '../../../src/jwt/signing-key.ts';
import { createVerifyBearer } from '../../../src/jwt/verify.ts';
import { createRateLimiter } from '../../../src/ratelimit/limiter.ts';
import { createApply, subscribersInOrder } from '../../../src/revocation/applied.ts';
import { createBarrier } from '../../../src/revocation/barrier.ts';
import { createChanges } from '../../../src/revocation/commit.ts';
import { createCurrentStore } from '../../../src/revocation/current-store.ts';
import { createDenials } from '../../../src/revocation/denials.ts';
import { createLiveRegistry, type LiveRegistry } from '../../../src/revocation/live.ts';
import { createUnwritten } from '../../../src/revocation/unwritten.ts';
import { createView } from '../../../src/revocation/view.ts';
import { scureCurve } from '../../../src/starknet/curve.ts';
import { activationHash, createMessageHasher, registrationHash } from '../../../src/starknet/message.ts';
import { parseSignaturePair, type StarkSignature } from '../../../src/starknet/signature.ts';
import { openStore } from '../../../src/store/open.ts';
import { sqlite } from '../../../src/store/sqlite/dialect.ts';
import type { Account, Store } from '../../../src/store/store.ts';
import { createTelemetry } from '../../../src/telemetry/telemetry.ts';
import type { Verifier } from '../../../src/verification/verifier.ts';
import { type Venue, venueAddress } from '../forward-harness.ts';
import { defaultLimits } from '../rates.ts';
import { inlineVerifier, someone } from '../verifier.ts';

const NOW = unixSeconds(1_800_000_000);
const ISSUER = 'Countersign test';
const SIWE_DOMAIN = 'app.example.test';

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
  const folder = mkdtempSync(join(tmpdir(), 'countersign-test-'));
  const file = join(folder, 'test.db');
  let wall = nanosOfSeconds(NOW);
  let monotonic = 0;
  const opened = await openStore(sqlite(file), { wall: () => wall, monotonic: () => monotonic });
  const { clock } = opened;
  onTestFinished(async () => {
    await opened.store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const holds = createHolds();
  const stored = held(opened.store, holds);
  const denials = createDenials({ clock });
  const store = createCurrentStore(stored, denials);

  const masterKey = createSecretKey(randomBytes(32));
  for (const use of ['session', 'token'] as const) {
    await store.insertSigningKey(
      toRecord(masterKey, createSigningKey(use), { state: 'active', createdAt: clock.now() }),
    );
  }
  const keyring = createKeyring({ records: await store.signingKeys(), masterKey });
  const issuer = createIssuer({ keyring, issuer: ISSUER });

  const live = createLiveRegistry({ clock });
  const opening: { hook: (() => void) | undefined } = { hook: undefined };
  const hookedLive: LiveRegistry = {
    open(grant) {
      const opened = live.open(grant);
      opening.hook?.();
      return opened;
    },
    cut: live.cut,
    get size() {
      return live.size;
    },
  };
  const view = createView({ read: stored.facts, denials, capacity: options.viewCapacity ?? 100 });
  const changes = createChanges({
    store: stored,
    denials,
    unwritten: createUnwritten({ store: stored, denials, keyring, view, live }),
    barrier: createBarrier({ apply: createApply(subscribersInOrder({ keyring, view, live })), clock }),
    onStoreFailure: () => undefined,
  });
  const verifyBearer = createVerifyBearer({ keyring, issuer: ISSUER, cacheCapacity: 100 });
  const authorize = createAuthorize({
    verifyBearer,
    view,
    live: hookedLive,
    clock,
    policy: { tokensMayReadKeys: true },
  });
  const journal = createAuditJournal({ store, clock, onFailure: () => undefined });

  const domain = { domainName: 'Test', chainId: 'TESTCHAIN' };
  const verifier = heldVerifier(inlineVerifier(domain), holds);
  const hasher = createMessageHasher(scureCurve, domain);
  const futureToleranceSeconds = 5;
  const wallets = createWalletProofs({
    clock,
    verifier,
    settings: { domains: [SIWE_DOMAIN], chainId: 1, futureToleranceSeconds, maxLoginAgeSeconds: 600 },
  });
  const limiter = createRateLimiter({ enabled: false, limits: defaultLimits, maxKeys: 1, clock });
  const login = createLogin({
    store,
    view,
    clock,
    verifier,
    wallets,
    issuer,
    keyring,
    journal,
    limiter,
    settings: {
      maxAgeSeconds: 600,
      defaultAgeSeconds: 300,
      futureToleranceSeconds,
      plainSubkey: true,
      singleUse: options.singleUse ?? false,
    },
  });
  const register = createRegisterSubkey({
    store,
    changes,
    clock,
    verifier,
    wallets,
    settings: {
      signatureRequired: true,
      maxLive: 10,
      reregisterRevoked: true,
      maxPending: 5,
      pendingLifeSeconds: 900,
      futureToleranceSeconds,
    },
  });
  const subkeys = createManageSubkeys({ store, changes, clock });
  const activate = createActivateSubkey({ store, changes, clock, verifier, settings: { futureToleranceSeconds } });
  const proveOwner = createProveOwner({
    store,
    clock,
    verifier,
    wallets,
    journal,
    limiter,
    settings: { maxAgeSeconds: 600, futureToleranceSeconds },
  });
  const signOut = createSignOut({ changes, clock, settings: { futureToleranceSeconds } });
  const reportLeaked = createReportLeaked({ verifyBearer, changes, clock });
  const tokens = createManageTokens({ store, changes, clock, issuer, settings: { maxLive: 10 } });

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
    const database = new DatabaseSync(file);
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
      chainId: 1,
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
    const signature = signatureOf(key, registrationHash(scureCurve, { account, publicKey, timestamp, expiry }));
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
    const signature = signatureOf(ephemeral, activationHash(scureCurve, timestamp, ephemeral.publicKey));
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

  async function listen(venue: Venue): Promise<number> {
    const log = pino({ level: 'silent' });
    const telemetry = createTelemetry(log);
    const { config } = loadConfig({ argv: [], env: {}, cwd: folder, readFile: unreadable });
    const hashes = {
      accountHash: config['wire.paraclear_account_hash'],
      proxyHash: config['wire.paraclear_account_proxy_hash'],
      evmAccountHash: config['wire.paraclear_evm_account_hash'],
    };
    const handlers = await createHandlers({
      login,
      onboard: { stark: notServed, wallet: notServed, lookUpStark: notServed, lookUpWallet: notServed },
      hashes,
      subkeys: { store, register, activate: notServed, manage: subkeys, clock },
      emergency: {
        signOut: { everywhere: notServed, revokeAll: notServed },
        proveOwner: notServed,
        endSelf: notServed,
        reportLeaked: notServed,
        limiter: { chargeCredential: notServed },
        clock,
      },
      tokens: { store, clock, manage: tokens, issueTerminalToken: notServed },
      system: { config, clock, keyring },
      self: { view, clock },
      readiness: async () => ({}),
      telemetry,
      maxBodyBytes: 10_000,
      table: parseRouteTable(paradexRoutes),
    });
    const upstream = createUpstream({
      address: venueAddress(venue.url),
      connections: 1,
      maxWaiting: 10,
      connectTimeoutMs: 5_000,
    });
    const front = createFront(
      {
        admit: createAdmission({
          match: createRouteMatcher(parseRouteTable(paradexRoutes)),
          authorize,
          clientIp: createPeers({ trusted: [] }).clientIp,
          limiter: createRateLimiter({ enabled: false, limits: defaultLimits, maxKeys: 10, clock }),
          clock,
          refuseUnsignedRoutes: false,
          maxTargetBytes: 8_000,
        }),
        forwardedProto: () => undefined,
        requestIds: createRequestIds(),
        cors: createCors([], []),
        journal,
        telemetry,
        forward: createForward({
          upstream,
          upstreamSecret: 'secret',
          passed: passedHeaders([]),
          protocol: 'http',
          deadlineMs: 30_000,
          idleMs: 30_000,
          bodies: createShares(1_000_000),
          answers: createShares(1_000_000),
          maxAnswerCopyBytes: 100_000,
          maxPausedAnswers: 16,
          pace: { minBytesPerSecond: 1, windowMs: 30_000 },
        }),
        maxForwardBodyBytes: 100_000,
      },
      handlers.serve,
    );
    const server = createServer(front);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await upstream.destroy();
      await handlers.close();
    });
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return address.port;
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
    endSelf: createEndSelf({ changes, clock }),
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

const notServed = (): never => {
  throw new Error('not served in this test');
};

const unreadable = (): never => {
  throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
};

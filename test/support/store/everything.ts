// Every question and every write of the ports, once: a method that a port gets and that is missing here does not compile.
import { anywhere } from '../../../src/domain/allowlist.ts';
import { credentialKinds } from '../../../src/domain/kinds.ts';
import { secondsOf, unixSeconds } from '../../../src/domain/time.ts';
import { utcDay } from '../../../src/domain/use.ts';
import type { AuditFilter, Store, StoreReads, StoreTransaction } from '../../../src/store/store.ts';
import {
  alice,
  at,
  auditOf,
  bob,
  changeOf,
  deviceOf,
  explanationOf,
  keyOne,
  starkAccount,
  subkeyOf,
  T0,
  tokenOf,
  useOf,
} from './rows.ts';

const credential = { account: alice, kind: 'subkey', id: '1' } as const;
const auditFilters: readonly Partial<AuditFilter>[] = [
  {},
  { account: alice },
  { account: alice, from: T0 },
  { action: 'login' },
  { action: 'token.revoked' },
  { address: '192.0.2.7' },
  { address: '192.0.2.7', newestFirst: true },
  { requestId: 'request-1' },
  { credential },
  { credential, newestFirst: true },
  { account: alice, action: 'token.revoked' },
  { account: alice, credential, action: 'token.revoked', address: '192.0.2.7', requestId: 'request-1' },
  { account: alice, credential, action: 'token.revoked', address: '192.0.2.7' },
];

const page = { limit: 10, cursor: undefined };
const after = (cursor: string) => ({ limit: 10, cursor });
const signingKey = {
  kid: 'kid-1',
  use: 'session',
  publicJwk: '{}',
  sealedPrivateKey: 'sealed',
  state: 'published',
  createdAt: T0,
} as const;

async function each<Question, Answer>(
  questions: readonly Question[],
  ask: (question: Question) => Promise<Answer>,
): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  for (const question of questions) answers.push(await ask(question));
  return answers;
}

type Asked<Port> = { readonly [Name in keyof Port]: () => Promise<unknown> };

const reads = (store: StoreReads): Asked<StoreReads> => ({
  async facts() {
    const ids = { main: '1', evm: '1', subkey: '1', token: 'tok_1', device: 'dev_1' };
    return each(credentialKinds, (kind) => store.facts({ account: alice, kind, id: ids[kind], kid: 'kid-1' }));
  },
  account: () => store.account(alice),
  subkey: () => store.subkey(alice, keyOne),
  token: () => store.token(alice, 'lookup-1'),
  device: () => store.device('dev_1'),
  countLive: () => store.countLive(alice, T0),
});

const writes = (tx: StoreTransaction): Asked<Omit<StoreTransaction, keyof StoreReads>> => ({
  insertAccount: () => tx.insertAccount(starkAccount(alice), '0x0'),
  insertSubkey: () => tx.insertSubkey(subkeyOf(alice)),
  insertToken: () => tx.insertToken(tokenOf(alice, '1')),
  insertDevice: () => tx.insertDevice(deviceOf(alice, '1')),
  countLiveDevices: () => tx.countLiveDevices(alice, T0),
  isDeviceKey: () => tx.isDeviceKey(deviceOf(alice, '1').thumbprint, T0),
  useDevice: () => tx.useDevice(deviceOf(alice, '1'), T0, { lastAt: T0, lastIp: '192.0.2.1' }),
  renameSubkey: () => tx.renameSubkey(alice, 1n, 'x', T0),
  replaceSubkeyAllowlist: () => tx.replaceSubkeyAllowlist(alice, 1n, anywhere, T0),
  revokeSubkey: () => tx.revokeSubkey(alice, 1n, T0),
  replaceTokenAllowlist: () => tx.replaceTokenAllowlist(alice, 'tok_1', anywhere, T0),
  renameToken: () => tx.renameToken(alice, 'tok_1', 'x', T0),
  replaceToken: () => tx.replaceToken(alice, 'tok_1', { by: 'lookup-2', expiryAt: T0, lifetimeSeconds: 60 }, T0),
  revokeToken: () => tx.revokeToken(alice, 'tok_1', T0),
  activateSubkey: () => tx.activateSubkey(alice, 1n, 'x', T0, '192.0.2.1'),
  raiseValidAfter: () => tx.raiseValidAfter(alice, T0),
  async raiseCredentialValidAfter() {
    await tx.raiseCredentialValidAfter({ account: alice, kind: 'main', id: 'main' }, T0);
    await tx.raiseCredentialValidAfter({ account: alice, kind: 'subkey', id: '1' }, T0);
  },
  revokeSubkeys: () => tx.revokeSubkeys(alice, T0),
  revokeTokens: () => tx.revokeTokens(alice, T0),
  endDevice: () => tx.endDevice(alice, 'dev_1', T0),
  async endDevices() {
    await tx.endDevices(alice, T0, { from: unixSeconds(0), to: secondsOf(T0) });
    return tx.endDevices(alice, T0);
  },
  lockAccount: () => tx.lockAccount(alice, T0),
  unlockAccount: () => tx.unlockAccount(alice),
  useSignature: () => tx.useSignature(alice, 'login', { hash: keyOne, by: keyOne }, T0),
  useSiweNonce: () => tx.useSiweNonce(alice, 'nonce', T0),
  signingKeys: () => tx.signingKeys(),
  insertSigningKey: () => tx.insertSigningKey(signingKey),
  activateSigningKey: () => tx.activateSigningKey('kid-1'),
  stopSigningKey: () => tx.stopSigningKey('kid-1', T0),
  retireSigningKey: () => tx.retireSigningKey('kid-1', T0),
  revokeTokensSignedBy: () => tx.revokeTokensSignedBy('kid-1', T0),
  latestTokenExpiry: () => tx.latestTokenExpiry(),
  renewEpoch: () => tx.renewEpoch(),
  raiseEveryValidAfter: () => tx.raiseEveryValidAfter(T0),
  async revokeCredentials() {
    for (const subkeys of ['all', 'pending'] as const) {
      await tx.revokeCredentials([alice, bob], { subkeys, tokens: true }, T0);
    }
  },
  setEveryValidAfter: () => tx.setEveryValidAfter(T0),
  revokeUntimely: () => tx.revokeUntimely(T0, at(9n)),
  endEveryDevice: () => tx.endEveryDevice(at(9n)),
  dateSigningKey: () => tx.dateSigningKey('kid-1', T0),
  // Beyond the second that isDated is asked about, which it would not look up otherwise.
  markDated: () => tx.markDated(alice, 'main:main', unixSeconds(secondsOf(T0) + 1), at(9n)),
  appendAudit: () => tx.appendAudit(auditOf(alice)),
  appendAll: () => tx.appendAll([auditOf(alice)], [changeOf(alice)]),
  appendChange: () => tx.appendChange(changeOf(alice)),
});

const others = (
  store: Store,
): Asked<Omit<Store, keyof StoreReads | 'epoch' | 'whenLost' | 'transaction' | 'snapshot' | 'close'>> => ({
  async subkeys() {
    const asked = [page, after('7')].flatMap((one) => [true, false].map((withRevoked) => ({ one, withRevoked })));
    return each(asked, ({ one, withRevoked }) => store.subkeys(alice, { withRevoked, now: T0 }, one));
  },
  async tokens() {
    const filters = [true, false].flatMap((withInvalid) =>
      [undefined, 'readonly'].map((kind) => ({ withInvalid, kind })),
    );
    const asked = [page, after('tok_7')].flatMap((one) => filters.map((filter) => ({ one, filter })));
    return each(asked, ({ one, filter }) => store.tokens(alice, { ...filter, now: T0 }, one));
  },
  async devices() {
    const asked = [page, after('dev_7')].flatMap((one) => [true, false].map((withEnded) => ({ one, withEnded })));
    return each(asked, ({ one, withEnded }) => store.devices(alice, { withEnded, now: T0 }, one));
  },
  async accounts() {
    return each([page, after(alice)], (one) => store.accounts(one));
  },
  async audit() {
    const asked = [page, after('7.7')].flatMap((one) => auditFilters.map((filter) => ({ one, filter })));
    return each(asked, ({ one, filter }) => store.audit({ from: undefined, to: at(1n), ...filter }, one));
  },
  async activity() {
    const filters = [
      { from: undefined, to: undefined },
      { from: T0, to: at(1n), actions: ['login', 'token.revoked'], credential },
    ];
    return each(filters, (filter) => store.activity(alice, filter, page));
  },
  async namesOf() {
    const refs = [
      { kind: 'main', id: 'main' },
      { kind: 'token', id: 'tok_1' },
      { kind: 'subkey', id: '1' },
    ] as const;
    return [await store.namesOf(alice, refs), await store.namesOf(alice, [...refs, { kind: 'subkey', id: '2' }])];
  },
  addExplanations: () =>
    store.addExplanations([explanationOf(alice)], { perAccount: 5, perCredential: 2, perReason: 1, inAll: 10 }),
  explanation: () => store.explanation(alice, explanationOf(alice).requestId),
  countOthers: () => store.countOthers([{ ...explanationOf(alice), from: T0, to: at(1n), others: 7 }]),
  purgeExplanations: () => store.purgeExplanations({ from: T0, to: at(1n) }, 10),
  async subkeysNamed() {
    return [await store.subkeysNamed({ id: 1n }, 10), await store.subkeysNamed({ publicKey: keyOne }, 10)];
  },
  async tokensNamed() {
    return [await store.tokensNamed({ tokenId: 'tok_1' }, 10), await store.tokensNamed({ lookupId: 'lookup-1' }, 10)];
  },
  async accountsNamed() {
    return [await store.accountsNamed({ publicKey: keyOne }, 10), await store.accountsNamed({ ethAddress: '0x1' }, 10)];
  },
  receipts: () => store.receipts(['request-1', 'request-2']),
  countTokensSignedBy: () => store.countTokensSignedBy('kid-1', T0),
  countAudit: () => store.countAudit('login', T0),
  signingKeys: () => store.signingKeys(),
  insertSigningKey: () => store.insertSigningKey({ ...signingKey, kid: 'kid-2' }),
  appendAudit: () => store.appendAudit([auditOf(alice)]),
  purgeExpired: () => store.purgeExpired(T0),
  setTime: () => store.setTime(),
  isDated: () => store.isDated(alice, 'main:main', secondsOf(T0)),
  usedSignature: () => store.usedSignature(alice, 'login', { hash: keyOne, by: keyOne }),
  usedSiweNonce: () => store.usedSiweNonce(alice, 'nonce'),
  lastAuditTime: () => store.lastAuditTime(),
  addUsage: () => store.addUsage([useOf(alice), useOf(bob)]),
  async usage() {
    const span = { credential: undefined, from: utcDay(1), to: utcDay(40), after: undefined };
    const after = { day: utcDay(20), credential: 'subkey:1' };
    const asked = [span, { ...span, credential: 'subkey:1' }, { ...span, after }];
    return each(asked, (one) => store.usage(alice, one, 10));
  },
  usedAddresses: () => store.usedAddresses(alice, 'subkey:1'),
  async usedFrom() {
    const [all, after] = [
      { from: utcDay(1), after: undefined },
      { account: alice, credential: 'subkey:1' },
    ];
    return [await store.usedFrom('192.0.2.1', all, 2), await store.usedFrom('192.0.2.1', { ...all, after }, 2)];
  },
  lastUses: () => store.lastUses(alice, ['subkey:1', 'token:tok_1']),
  async purgeUsage() {
    await store.addUsage([useOf(bob)]);
    return [await store.purgeUsage({ from: utcDay(1), to: utcDay(2) }), await store.purgeUsage(undefined)];
  },
  forgetDeviceUse: () => store.forgetDeviceUse(''),
  emptyLog: () => store.emptyLog(),
  ping: () => store.ping(),
  position: () => store.position(),
});

/**
 * The answers by the name of their method; first what is written, then what is read, inside the transaction and after it. A database
 * that had an epoch before must be reopened after renewEpoch, which is left out for such a one.
 */
export async function askEverything(store: Store, { renewEpoch = true } = {}): Promise<ReadonlyMap<string, unknown>> {
  const answers = new Map<string, unknown>();
  const ask = async (prefix: string, questions: Readonly<Record<string, () => Promise<unknown>>>): Promise<void> => {
    for (const [name, question] of Object.entries(questions)) answers.set(`${prefix}.${name}`, await question());
  };
  await store.transaction(async (tx) => {
    const { renewEpoch: renew, ...others } = writes(tx);
    await ask('tx', { ...others, ...(renewEpoch ? { renewEpoch: renew } : {}), ...reads(tx) });
  });
  await ask('store', { ...reads(store), ...others(store) });
  return answers;
}

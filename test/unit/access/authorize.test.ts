// The one decision, with real bearers, a real view and a real registry; the facts are what the test says they are.
import { describe, expect, test } from 'vitest';
import { type AccessRequest, createAuthorize, type Decision } from '../../../src/access/authorize.ts';
import { refusalError } from '../../../src/access/refusal.ts';
import { type Allowlist, anywhere, decodeAllowlist, parseAllowlist, parseIp } from '../../../src/domain/allowlist.ts';
import {
  accountSubject,
  credentialSubject,
  sessionsSubject,
  signingKeySubject,
} from '../../../src/domain/credential.ts';
import { type DenyReason, denyReasons } from '../../../src/domain/decision.ts';
import type { Grant } from '../../../src/domain/grant.ts';
import { type Clock, NEVER, nanosOfSeconds, type UnixSeconds } from '../../../src/domain/time.ts';
import { StoreFailure, StoreLost } from '../../../src/errors.ts';
import type { Denial } from '../../../src/revocation/denial.ts';
import { createDenials } from '../../../src/revocation/denials.ts';
import { createLiveRegistry } from '../../../src/revocation/live.ts';
import { createView } from '../../../src/revocation/view.ts';
import type { Facts, FactsQuery, FactsRead } from '../../../src/store/store.ts';
import {
  bearerSetup,
  ISSUER,
  later,
  NOW,
  payloadOf,
  sessionHeader,
  subkeySession,
  tokenRequest,
  writeJwt,
} from '../../support/signing-fixture.ts';

const alive: Facts = {
  accountKnown: true,
  accountLocked: false,
  validAfter: NEVER,
  credential: 'alive',
  expiresAt: NEVER,
  allowlist: anywhere,
  label: '',
  mainKey: undefined,
  signingKeyAlive: true,
};

const subject = credentialSubject(subkeySession.credential);

function setup() {
  const jwt = bearerSetup();
  const state = { facts: alive, position: 1n, now: NOW as UnixSeconds, failure: undefined as Error | undefined };
  const asked: FactsQuery[] = [];
  let delivered: Promise<void> = Promise.resolve();
  const now = () => nanosOfSeconds(state.now);
  const clock: Clock = { now, latest: now, monotonic: () => 0 };
  const live = createLiveRegistry({ clock });
  const denials = createDenials({ clock });
  const view = createView({
    capacity: 10,
    denials,
    read: async (query): Promise<FactsRead> => {
      asked.push(query);
      const read = { facts: state.facts, position: state.position };
      await delivered;
      if (state.failure !== undefined) throw state.failure;
      return read;
    },
  });
  const authorize = createAuthorize({
    verifyBearer: jwt.verifyBearer,
    view,
    live,
    clock,
    policy: { tokensMayReadKeys: false },
  });
  const session = jwt.issuer.issueSession(subkeySession, NOW).jwt;
  const { jwt: token } = jwt.issuer.issueToken(tokenRequest, NOW);
  return {
    ...jwt,
    authorize,
    view,
    live,
    state,
    asked,
    denials,
    session,
    token,
    /** Facts are read but not delivered until the returned function is called. */
    holdReads() {
      const { promise, resolve } = Promise.withResolvers<void>();
      delivered = promise;
      return resolve;
    },
    change(facts: Partial<Facts>, subjects = [subject]) {
      state.facts = { ...state.facts, ...facts };
      state.position += 1n;
      const change = { position: state.position, subjects, narrows: true };
      view.apply(change);
      live.cut(subjects, 'credential_revoked', change.position);
    },
    ask: (changed: Partial<AccessRequest> & { bearer?: string } = {}) => {
      const { bearer = session, ...request } = changed;
      return authorize({
        route: { access: 'account:read', identity: undefined },
        method: 'GET',
        authorization: [`Bearer ${bearer}`],
        clientIp: parseIp('192.0.2.7'),
        ...request,
      });
    },
  };
}

function granted(decision: Decision): Grant {
  if (decision.kind === 'deny') throw new Error(`denied: ${decision.reason}`);
  return decision;
}

function listOf(...entries: string[]): Allowlist {
  const parsed = parseAllowlist(entries);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.list;
}

type Asking = (s: ReturnType<typeof setup>) => Decision | Promise<Decision>;

const withFacts =
  (facts: Partial<Facts>): Asking =>
  (s) => {
    s.state.facts = { ...alive, ...facts };
    return s.ask();
  };

/** By which ccxt knows an authentication error. */
const WORDS = 'missing or malformed jwt';

/** Every reason this function can give, each by the smallest thing that is wrong. */
const refusals: readonly (readonly [DenyReason, Asking])[] = [
  ['bearer_missing', (s) => s.ask({ authorization: [] })],
  ['bearer_malformed', (s) => s.ask({ bearer: 'not-a-jwt' })],
  ['bearer_repeated', (s) => s.ask({ authorization: [`Bearer ${s.session}`, `Bearer ${s.session}`] })],
  [
    'bearer_wrong_kind',
    (s) =>
      s.ask({ bearer: writeJwt(s.sessionKey, JSON.stringify({ ...sessionHeader(s.sessionKey.kid), typ: 'x' }), '{}') }),
  ],
  ['bearer_unknown_key', (s) => s.ask({ bearer: setup().session })],
  ['bearer_signature', (s) => s.ask({ bearer: `${s.session.slice(0, s.session.lastIndexOf('.'))}.${'A'.repeat(86)}` })],
  ['bearer_claims', (s) => s.ask({ bearer: withClaim(s, { aud: 'another service' }) })],
  [
    'bearer_expired',
    (s) => {
      s.state.now = later(300);
      return s.ask();
    },
  ],
  ['signing_key_retired', withFacts({ signingKeyAlive: false })],
  ['account_unknown', withFacts({ accountKnown: false })],
  ['account_locked', withFacts({ accountLocked: true })],
  ['credential_unknown', withFacts({ credential: 'unknown' })],
  ['credential_pending', withFacts({ credential: 'pending' })],
  ['credential_revoked', withFacts({ credential: 'revoked' })],
  ['credential_expired', withFacts({ expiresAt: nanosOfSeconds(NOW) })],
  ['signed_out', withFacts({ validAfter: nanosOfSeconds(subkeySession.authTime) })],
  ['permission_missing', (s) => s.ask({ route: { access: 'keys:manage', identity: undefined } })],
  ['read_only_method', (s) => s.ask({ bearer: s.token, method: 'POST' })],
  ['client_ip_unknown', (s) => s.ask({ clientIp: undefined })],
  ['ip_not_allowed', withFacts({ allowlist: listOf('192.0.2.8') })],
  ['allowlist_damaged', withFacts({ allowlist: decodeAllowlist('["192.0.2.7/32","oops"]') })],
  [
    'store_unavailable',
    (s) => {
      s.state.failure = new StoreFailure('the disk is gone');
      return s.ask();
    },
  ],
  [
    'store_lost',
    (s) => {
      s.state.failure = new StoreLost('another file was put in place of it');
      return s.ask();
    },
  ],
  [
    'view_stale',
    (s) => {
      s.state.position = 0n;
      const release = s.holdReads();
      const asked = s.ask();
      s.view.apply({ position: 1n, subjects: [subject] });
      release();
      return asked;
    },
  ],
];

/** What is refused before or after this decision, by the front and the gateway. */
const others: readonly DenyReason[] = [
  'route_unknown',
  'target_malformed',
  'method_not_allowed',
  'rate_limited',
  'upstream_unavailable',
  'upstream_timeout',
  'request_header_refused',
  'order_refused',
  'route_unsigned',
  // On a route that takes either, as the front says.
  'bearer_and_signature',
];

describe('a private route', () => {
  test('a private route lets in a good bearer, and says whose it is', async () => {
    const s = setup();
    const grant = granted(await s.ask());
    expect(grant.principal).toMatchObject({
      credential: subkeySession.credential,
      label: subkeySession.label,
      kid: s.sessionKey.kid,
      expiresAt: later(300),
      authTime: subkeySession.authTime,
    });
    expect(s.asked).toEqual([{ ...subkeySession.credential, kid: s.sessionKey.kid }]);
    expect(s.live.size).toBe(1);
    grant.release();
    expect(s.live.size).toBe(0);
  });

  test.each(refusals)('a private route refuses with %s', async (reason, asking) => {
    const s = setup();
    expect(await asking(s)).toMatchObject({ kind: 'deny', reason });
    expect(s.live.size).toBe(0);
  });

  test('a private route leaves a signature of the owner in the place of a bearer to the handler of the route', async () => {
    const s = setup();
    expect(granted(await s.ask({ signed: true, authorization: [] })).principal).toBeUndefined();
    expect(await s.ask({ signed: true })).toMatchObject({ kind: 'deny', reason: 'bearer_and_signature' });
  });

  test('every reason but those of the front and the gateway is in the list that a private route is tested with', () => {
    expect([...refusals.map(([reason]) => reason), ...others].sort()).toEqual([...denyReasons].sort());
  });

  test('a refusal names the principal only when the bearer was proven', async () => {
    for (const [reason, asking] of refusals) {
      const decision = await asking(setup());
      // One that has run out is genuine all the same.
      const proven = reason === 'bearer_expired' || !reason.startsWith('bearer_');
      expect(decision.kind === 'deny' && decision.principal !== undefined, reason).toBe(proven);
    }
  });

  test('a bearer whose credential is known is answered without waiting', async () => {
    const s = setup();
    expect(s.ask()).toBeInstanceOf(Promise);
    await s.ask();
    expect(s.ask()).toMatchObject({ kind: 'allow' });
    expect(s.asked).toHaveLength(1);
  });

  test('a bearer under a signing key that this process knows to be retired is refused before the store is asked', async () => {
    const s = setup();
    granted(await s.ask());
    s.keyring.retire(s.sessionKey.kid);
    expect(await s.ask()).toMatchObject({ reason: 'signing_key_retired' });
    expect(s.asked).toHaveLength(1);
  });

  test('a main session is known to the venue by its account, a token by its lookup_id', async () => {
    const s = setup();
    const { account } = subkeySession.credential;
    const main = { ...subkeySession, credential: { account, kind: 'main', id: 'main' } } as const;
    expect(granted(await s.ask({ bearer: s.issuer.issueSession(main, NOW).jwt })).principal?.label).toBe(account);
    expect(granted(await s.ask({ bearer: s.token })).principal?.label).toBe(tokenRequest.lookupId);
  });

  test('that the store failed is not remembered: the next request asks it again', async () => {
    const s = setup();
    s.state.failure = new StoreFailure('the disk is gone');
    expect(await s.ask()).toMatchObject({ reason: 'store_unavailable' });
    s.state.failure = undefined;
    granted(await s.ask());
  });

  test('a refusal tells for how long the bearer has been expired', async () => {
    const s = setup();
    s.state.now = later(307);
    expect(await s.ask()).toMatchObject({ reason: 'bearer_expired', expiredSeconds: 7 });
  });
});

describe('the Authorization header', () => {
  test.each(['Bearer', 'bearer', 'BEARER', 'bEaReR'])(
    'the Authorization header may spell its scheme %s',
    async (scheme) => {
      const s = setup();
      granted(await s.ask({ authorization: [`${scheme} ${s.session}`] }));
    },
  );

  test.each([1, 2, 5])('the Authorization header may have %i blanks after its scheme', async (blanks) => {
    const s = setup();
    granted(await s.ask({ authorization: [`Bearer${' '.repeat(blanks)}${s.session}`] }));
  });

  const noScheme = 'the scheme is missing in Authorization: write Bearer, a blank and the token';
  const otherScheme = 'Authorization has another scheme than Bearer, or none';
  const notOne = 'what follows Bearer in Authorization is not a blank and one token';
  const quotes = 'the token stands in quotes';
  test.each<[string, (jwt: string) => string, string | undefined]>([
    ['is empty', () => '', 'the Authorization header is empty'],
    ['has no scheme', (jwt) => jwt, noScheme],
    ['has no token', () => 'Bearer', 'Authorization has the scheme Bearer and no token'],
    ['has another scheme', (jwt) => `JWT ${jwt}`, otherScheme],
    ['has the scheme Token', (jwt) => `Token ${jwt}`, otherScheme],
    ['is a Basic one', (jwt) => `Basic ${jwt}`, otherScheme],
    ['has no blank', (jwt) => `Bearer${jwt}`, noScheme],
    ['has a colon', (jwt) => `Bearer: ${jwt}`, otherScheme],
    ['has a tab', (jwt) => `Bearer\t${jwt}`, notOne],
    ['has its scheme twice', (jwt) => `Bearer bearer ${jwt}`, 'the scheme Bearer stands twice in Authorization'],
    ['has the token in quotes', (jwt) => `Bearer "${jwt}"`, quotes],
    ['has the token in single quotes', (jwt) => `Bearer '${jwt}'`, quotes],
    ['has the token in angle brackets', (jwt) => `Bearer <${jwt}>`, quotes],
    ['has two bearers', (jwt) => `Bearer ${jwt}, Bearer ${jwt}`, notOne],
    ['has something after the bearer', (jwt) => `Bearer ${jwt} x`, notOne],
    ['has a line break after the bearer', (jwt) => `Bearer ${jwt}\n`, notOne],
    ['begins with a blank', (jwt) => ` Bearer ${jwt}`, otherScheme],
    ['has letters beyond ASCII', (jwt) => `Bearer ${jwt}\u00e9`, notOne],
    ['is 5 KiB long', (jwt) => `Bearer ${jwt}${'A'.repeat(5_000)}`, undefined],
  ])('an Authorization header is refused when it %s, and the answer says so', async (_what, header, problem) => {
    const s = setup();
    const refused = await s.ask({ authorization: [header(s.session)] });
    expect(refused).toMatchObject({ kind: 'deny', reason: 'bearer_malformed' });
    if (refused.kind !== 'deny') throw new Error('not refused');
    expect(refused.problem).toBe(problem);
    expect(refusalError(refused).message).toBe(problem ? `invalid bearer jwt: ${problem} (${WORDS})` : WORDS);
    expect(s.asked).toEqual([]);
  });

  test('two Authorization headers are refused although both are good, and although the second is empty', async () => {
    const s = setup();
    for (const second of [`Bearer ${s.session}`, '']) {
      const authorization = [`Bearer ${s.session}`, second];
      expect(await s.ask({ authorization })).toMatchObject({ reason: 'bearer_repeated' });
    }
  });
});

describe('a change while the facts are on their way', () => {
  test.each<[DenyReason, Partial<Facts>, 'credential' | 'account' | 'sessions' | 'kid']>([
    ['credential_revoked', { credential: 'revoked' }, 'credential'],
    ['ip_not_allowed', { allowlist: listOf('198.51.100.0/24') }, 'credential'],
    ['account_locked', { accountLocked: true }, 'account'],
    ['signed_out', { validAfter: nanosOfSeconds(NOW) }, 'sessions'],
    ['signing_key_retired', { signingKeyAlive: false }, 'kid'],
  ])(
    'a change while a request waits for the facts of its credential refuses it with %s',
    async (reason, facts, about) => {
      const s = setup();
      const release = s.holdReads();
      const asked = s.ask();
      const subjects = {
        credential: subject,
        account: accountSubject(subkeySession.credential.account),
        sessions: sessionsSubject(subkeySession.credential.account),
        kid: signingKeySubject(s.sessionKey.kid),
      };
      s.change(facts, [subjects[about]]);
      release();
      expect(await asked).toMatchObject({ kind: 'deny', reason });
      expect(s.asked).toHaveLength(2);
    },
  );

  test('a request that waits for the facts of its credential does not wait for a change of another one', async () => {
    const s = setup();
    const release = s.holdReads();
    const asked = s.ask();
    s.change({}, [credentialSubject({ ...subkeySession.credential, id: '18' })]);
    release();
    granted(await asked);
    expect(s.asked).toHaveLength(1);
  });
});

describe('a grant', () => {
  test('a revocation ends the grants of its credential, and the next request is refused', async () => {
    const s = setup();
    const grant = granted(await s.ask());
    const cuts: DenyReason[] = [];
    grant.onCut((reason) => cuts.push(reason));
    expect(grant.refusal()).toBeUndefined();
    s.change({ credential: 'revoked' });
    expect(cuts).toEqual(['credential_revoked']);
    expect(grant.refusal()).toBe('credential_revoked');
    expect(await s.ask()).toMatchObject({ reason: 'credential_revoked' });
  });

  test('a grant that was decided on the changed facts is not ended by the same change applied again', async () => {
    const s = setup();
    s.change({ allowlist: listOf('192.0.2.0/24') });
    const grant = granted(await s.ask());
    s.live.cut([subject], 'credential_revoked', s.state.position);
    expect(grant.refusal()).toBeUndefined();
    s.change({ credential: 'revoked' });
    expect(grant.refusal()).toBe('credential_revoked');
  });

  test('a grant is refused at the last check once its bearer has expired', async () => {
    const s = setup();
    const grant = granted(await s.ask());
    s.state.now = later(299);
    expect(grant.refusal()).toBeUndefined();
    s.state.now = later(300);
    expect(grant.refusal()).toBe('bearer_expired');
  });

  test('a grant is refused at the last check once its credential has expired', async () => {
    const s = setup();
    s.state.facts = { ...alive, expiresAt: nanosOfSeconds(later(100)) };
    const grant = granted(await s.ask());
    s.state.now = later(99);
    expect(grant.refusal()).toBeUndefined();
    s.state.now = later(100);
    expect(grant.refusal()).toBe('credential_expired');
    grant.release();
  });
});

const { account } = subkeySession.credential;

test.each<[string, Denial, DenyReason]>([
  [
    'credential whose revocation',
    { kind: 'credential', credential: { ...subkeySession.credential, kind: 'subkey' }, label: subkeySession.label },
    'credential_revoked',
  ],
  ['session whose sign-out', { kind: 'sessions', account, upTo: nanosOfSeconds(NOW) }, 'signed_out'],
])('a %s could not be written is refused, known or not, and no token', async (_what, denial, reason) => {
  for (const isKnown of [true, false]) {
    const s = setup();
    if (isKnown) granted(await s.ask());
    s.denials.remember([denial]);
    expect(await s.ask()).toMatchObject({ reason });
    granted(await s.ask({ bearer: s.token }));
  }
});

describe.each(['public', 'self-signed'] as const)('a %s route', (access) => {
  const route = { access, identity: undefined } as const;

  test.each<[string, (s: ReturnType<typeof setup>) => readonly string[]]>([
    ['no bearer', () => []],
    ['a good bearer', (s) => [`Bearer ${s.session}`]],
    ['a garbage bearer', () => ['Bearer garbage']],
    ['two headers', () => ['Bearer a', 'Bearer b']],
    ['a long one', () => [`Bearer ${'a'.repeat(100_000)}`]],
  ])('an open route serves anyone with %s, and the store is not asked', async (_what, authorization) => {
    const s = setup();
    const grant = granted(await s.ask({ route, authorization: authorization(s), clientIp: undefined }));
    expect(grant.principal).toBeUndefined();
    expect(s.asked).toEqual([]);
  });
});

describe('a public route that may know who asks', () => {
  const route = { access: 'public', identity: 'optional' } as const;

  test('a public route that may know the caller uses a good bearer, until it is revoked', async () => {
    const s = setup();
    const grant = granted(await s.ask({ route }));
    expect(grant.principal?.credential).toEqual(subkeySession.credential);
    s.change({ credential: 'revoked' });
    expect(grant.refusal()).toBe('credential_revoked');
    expect(granted(await s.ask({ route })).principal).toBeUndefined();
  });

  test.each(refusals.filter(([reason]) => reason !== 'permission_missing' && reason !== 'read_only_method'))(
    'a public route that may know the caller serves anyone whose bearer would be refused with %s',
    async (reason, asking) => {
      const s = setup();
      const ask = s.ask;
      s.ask = (changed = {}) => ask({ ...changed, route });
      const grant = granted(await asking(s));
      expect(grant.principal, reason).toBeUndefined();
      expect(grant.refusal()).toBeUndefined();
      expect(s.live.size).toBe(0);
    },
  );

  test('a public route that may know the caller is served without a bearer, and the store is not asked', async () => {
    const s = setup();
    expect(granted(await s.ask({ route, authorization: [] })).principal).toBeUndefined();
    expect(s.asked).toEqual([]);
  });
});

function withClaim(s: ReturnType<typeof setup>, change: Record<string, unknown>): string {
  const payload = { ...payloadOf(s.session), ...change };
  return writeJwt(s.sessionKey, JSON.stringify(sessionHeader(s.sessionKey.kid)), JSON.stringify(payload));
}

test('every bearer of the cases about authorize has the issuer that authorize asks for', () => {
  expect(payloadOf(setup().session).iss).toBe(ISSUER);
});

// Between commit and acknowledgement: nobody is told before view and registry have applied the change, and a revocation that
// cannot be written denies all the same.
import { describe, expect, test } from 'vitest';
import { anywhere, parseAllowlist, parseIp } from '../../src/domain/allowlist.ts';
import type { AuditAction } from '../../src/domain/audit-action.ts';
import {
  accountSubject,
  credentialSubject,
  type Subject,
  sessionsSubject,
  signingKeySubject,
  storeSubject,
} from '../../src/domain/credential.ts';
import type { DenyReason } from '../../src/domain/decision.ts';
import { type Clock, NEVER, unixNanos } from '../../src/domain/time.ts';
import { ApiError, StoreFailure } from '../../src/errors.ts';
import type { Keyring } from '../../src/jwt/keyring.ts';
import type { SigningKeyRecord, SigningKeyState } from '../../src/jwt/signing-key.ts';
import { createApply, cutReasonOf, subscribersInOrder } from '../../src/revocation/applied.ts';
import { createBarrier } from '../../src/revocation/barrier.ts';
import { type Changes, createChanges } from '../../src/revocation/commit.ts';
import type { Denial } from '../../src/revocation/denial.ts';
import { createDenials } from '../../src/revocation/denials.ts';
import type { LiveRegistry } from '../../src/revocation/live.ts';
import { createUnwritten } from '../../src/revocation/unwritten.ts';
import type { Change, Facts } from '../../src/store/store.ts';
import { alice, bob, openService, subkeyKey } from '../support/revocation/service.ts';
import { noTransaction } from '../support/revocation/simulated-store.ts';
import { auditOf } from '../support/store/rows.ts';

const credential = { account: alice, kind: 'subkey', id: '1' } as const;
const mine: Subject = credentialSubject(credential);
const denial: Denial = { kind: 'credential', credential, label: subkeyKey.publicKey };
const query = { ...credential, kid: 'kid-1' };
const facts: Facts = {
  accountKnown: true,
  accountLocked: false,
  validAfter: NEVER,
  credential: 'alive',
  expiresAt: NEVER,
  allowlist: anywhere,
  label: subkeyKey.publicKey,
  mainKey: undefined,
  signingKeyAlive: true,
};
const change: Change = { position: 7n, action: 'subkey.revoked', subjects: [mine], narrows: true };

function setup(options: { transaction?: Error; inFlight?: number; cutFails?: boolean } = {}) {
  const events: string[] = [];
  const failures: unknown[] = [];
  let monotonic = 100;
  const wall = () => {
    throw new Error('the barrier reads no wall clock');
  };
  const clock: Clock = {
    now: wall,
    latest: wall,
    monotonic: () => monotonic,
  };
  const denials = createDenials({
    clock: { now: () => unixNanos(500n), latest: () => unixNanos(500n), monotonic: () => 0 },
  });
  const keyring: Pick<Keyring, 'add' | 'retire'> = {
    add: ({ kid, state }) => void events.push(`key ${kid} ${state}`),
    retire: (kid) => void events.push(`key ${kid} denied`),
  };
  const view = {
    apply: ({ position }: Pick<Change, 'position'>) => {
      events.push(`applied ${position}`);
    },
  };
  const live: Pick<LiveRegistry, 'cut' | 'endBy'> = {
    endBy: (endsAt, subjects, reason, position) => {
      events.push(`end by ${endsAt} ${subjects.join()} ${reason} ${position}`);
    },
    cut: (subjects, reason, position) => {
      events.push(`cut ${subjects.join()} ${reason} ${position}`);
      monotonic += 2.5;
      if (options.cutFails) throw new AggregateError([], 'a listener failed');
      return options.inFlight ?? 0;
    },
  };
  const disk = { failure: options.transaction, beforeCommit: (): void => undefined };
  const changes: Changes = createChanges({
    store: {
      async transaction(work) {
        const made = await work({
          ...noTransaction,
          appendAudit: async () => undefined,
          signingKeys: async () => [
            signingKey('old', 'retired'),
            signingKey('new', 'active'),
            signingKey('other', 'active'),
          ],
        });
        disk.beforeCommit();
        if (disk.failure !== undefined) throw disk.failure;
        events.push('committed');
        return made;
      },
    },
    denials,
    unwritten: createUnwritten({ store: { position: async () => 9n }, denials, keyring, view, live }),
    barrier: createBarrier({ apply: createApply(subscribersInOrder({ keyring, view, live })), clock }),
    onStoreFailure: (error, deniedWhole) => failures.push(error, ...deniedWhole),
    onEnded: ({ action, requestId }, { inFlight }) => void events.push(`told ${action} ${requestId} ${inFlight}`),
  });
  return { changes, events, failures, disk, denials, factsNow: () => denials.overFacts(query, facts) };
}

const signingKey = (kid: string, state: SigningKeyState): SigningKeyRecord => ({
  kid,
  use: 'session',
  publicJwk: '',
  sealedPrivateKey: '',
  state,
  createdAt: NEVER,
});

describe('the change of a signing key', () => {
  const retirement: Change = {
    position: 7n,
    action: 'signing_key.retired',
    subjects: [signingKeySubject('old'), signingKeySubject('new')],
    narrows: true,
  };

  test('reaches the keyring with the rows as they are committed, before the view forgets and anybody is cut', async () => {
    const { changes, events } = setup();
    await changes.commit(async () => ({ result: undefined, change: retirement }));
    expect(events).toEqual([
      'committed',
      'key old retired',
      'key new active',
      'applied 7',
      'cut kid/old,kid/new signing_key_retired 7',
    ]);
  });

  test('the change that narrows later ends what is under way by then, and cuts nothing now', async () => {
    const { changes, events } = setup();
    const rotation = {
      ...retirement,
      action: 'token.rotated',
      subjects: ['credential/x'],
      narrowsAt: unixNanos(60n),
    } as const;
    const { receipt } = await changes.commit(async () => ({ result: undefined, change: rotation }));
    expect(events).toEqual(['committed', 'applied 7', `end by 60 credential/x credential_expired 7`]);
    expect(receipt?.inFlight).toBe(0);
  });

  test.each<AuditAction>(['signing_key.published', 'signing_key.activated'])(
    '%s reaches the keyring, and the view forgets no session of the old key for it',
    async (action) => {
      const { changes, events } = setup();
      await changes.commit(async () => ({ result: undefined, change: { ...retirement, action, narrows: false } }));
      expect(events).toEqual(['committed', 'key old retired', 'key new active']);
    },
  );

  test('the change of a signing key that cannot be written ends the key here, and cuts what it signed', async () => {
    const { changes, events } = setup({ transaction: new StoreFailure('the disk is full') });
    const ended: Denial = { kind: 'signing_key', kid: 'old' };
    const lost = changes.commit(async () => ({ result: undefined, change: retirement }), {
      ifUnwritten: { end: () => [ended], cut: 'signing_key_retired' },
    });
    await expect(lost).rejects.toMatchObject({ status: 503 });
    expect(events).toEqual(['key old denied', 'cut kid/old signing_key_retired undefined']);
  });

  test('the change of a signing key is followed in its own turn by what must change with it, also when a request could not be told', async () => {
    for (const cutFails of [false, true]) {
      const { changes, events } = setup({ cutFails });
      const inTheSameTurn = () => void events.push('clock set');
      const committed = changes.commit(async () => ({ result: undefined, change: retirement }), {
        onceWritten: { inTheSameTurn },
      });
      await committed.catch(() => undefined);
      expect(events.at(-1)).toBe('clock set');
    }
  });
});

test('a part of the node that fails at a change keeps no other part from it', () => {
  const heard: string[] = [];
  const failure = new Error('the first part failed');
  const apply = createApply([
    {
      apply: () => {
        throw failure;
      },
    },
    { apply: (_change, keys) => heard.push(`second ${keys.length}`) },
  ]);
  expect(() => apply(change, [])).toThrow(failure);
  expect(heard).toEqual(['second 0']);
});

test.each<[AuditAction, Subject, DenyReason]>([
  ['account.signed_out_everywhere', sessionsSubject(alice), 'signed_out'],
  ['account.revoked_all', sessionsSubject(alice), 'signed_out'],
  ['account.locked', accountSubject(alice), 'account_locked'],
  ['subkey.allowlist_replaced', mine, 'ip_not_allowed'],
  ['token.allowlist_replaced', mine, 'ip_not_allowed'],
  ['signing_key.retired', signingKeySubject('old'), 'signing_key_retired'],
  ['clock.accepted', storeSubject, 'signing_key_retired'],
  [
    'credential.reported_leaked',
    credentialSubject({ account: alice, kind: 'token', id: 'tok_1' }),
    'credential_revoked',
  ],
  ['credential.reported_leaked', mine, 'signed_out'],
  ['subkey.revoked', mine, 'credential_revoked'],
  ['credential.revoked_itself', mine, 'credential_revoked'],
])('whoever is cut by %s of %s is told %s', (action, subject, reason) => {
  expect(cutReasonOf({ action, subjects: [subject] })).toBe(reason);
});

describe('an acknowledgement', () => {
  test('comes after the view and the registry have applied the committed change, with what they counted', async () => {
    const { changes, events } = setup({ inFlight: 3 });
    const changed = await changes
      .commit(async () => ({ result: 'done', change }))
      .then((answer) => {
        events.push('acknowledged');
        return answer;
      });
    expect(events).toEqual(['committed', 'applied 7', `cut ${mine} credential_revoked 7`, 'acknowledged']);
    expect(changed).toEqual({ result: 'done', receipt: { nodes: 1, ms: 3, inFlight: 3 } });
  });

  test('an acknowledgement of a change that forbids nothing cuts nobody, but the view forgets', async () => {
    const { changes, events } = setup({ inFlight: 3 });
    const widening = { ...change, narrows: false };
    const { receipt } = await changes.commit(async () => ({ result: undefined, change: widening }));
    expect(events).toEqual(['committed', 'applied 7']);
    expect(receipt).toEqual({ nodes: 1, ms: 0, inFlight: 0 });
  });

  test('an acknowledgement of an ending is told with its row of the audit log, and that of a change that forbids nothing is not', async () => {
    const { changes, events } = setup({ inFlight: 3 });
    for (const narrows of [true, false]) {
      await changes.commit(async (tx) => {
        await tx.appendAudit(auditOf(alice, { action: 'signing_key.activated' }));
        await tx.appendAudit(auditOf(alice, { action: 'token.revoked', requestId: 'request-9' }));
        return { result: undefined, change: { ...change, narrows } };
      });
    }
    expect(events.filter((event) => event.startsWith('told'))).toEqual(['told token.revoked request-9 3']);
  });

  test('an acknowledgement of nothing carries no receipt', async () => {
    const { changes, events } = setup();
    await expect(changes.commit(async () => ({ result: 1, change: undefined }))).resolves.toEqual({
      result: 1,
      receipt: undefined,
    });
    expect(events).toEqual(['committed']);
  });

  test('an acknowledgement is not given when a request could not be told, and nobody calls that a failure of the store', async () => {
    const { changes, failures, factsNow } = setup({ cutFails: true });
    const acknowledged = changes.commit(async () => ({ result: 1, change }), { ifUnwritten: { end: () => [denial] } });
    await expect(acknowledged).rejects.toBeInstanceOf(AggregateError);
    expect(failures).toEqual([]);
    expect(factsNow()).toEqual(facts);
  });
});

describe('a change that cannot be written', () => {
  const full = new StoreFailure('the disk is full');

  test('a change that cannot be written ends its subjects on this node before anything else, and answers 503', async () => {
    const { changes, events, failures, factsNow } = setup({ transaction: full });
    const lost = changes.commit(async () => ({ result: 1, change }), { ifUnwritten: { end: () => [denial] } });
    await expect(lost).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
      status: 503,
      cause: full,
      headers: { 'Retry-After': '1' },
    });
    expect(factsNow()).toEqual({ ...facts, credential: 'revoked' });
    expect(events).toEqual([`cut ${mine} credential_revoked undefined`]);
    expect(failures).toEqual([full]);
  });

  test.each<[string, Denial, Subject]>([
    ['all subkeys', { kind: 'every', account: alice, of: 'subkey' }, sessionsSubject(alice)],
    ['all tokens', { kind: 'every', account: alice, of: 'token' }, accountSubject(alice)],
    [
      'a subkey known by its name',
      { kind: 'named', account: alice, of: 'subkey', label: '0x1' },
      accountSubject(alice),
    ],
  ])('of %s cuts all that may be of them: requests under way are not known so', async (_what, denied, subject) => {
    const { changes, events } = setup({ transaction: full });
    const lost = changes.commit(async () => ({ result: 1, change }), { ifUnwritten: { end: () => [denied] } });
    await expect(lost).rejects.toMatchObject({ status: 503 });
    expect(events).toEqual([`cut ${subject} credential_revoked undefined`]);
  });

  test('a change that cannot be written and is one more than an account may have remembered one by one cuts all of that account', async () => {
    const { changes, events, failures } = setup({ transaction: full });
    const many = Array.from({ length: 1_001 }, (_, i): Denial => {
      return { kind: 'credential', credential: { ...credential, id: `${i}` }, label: `${i}` };
    });
    const lost = changes.commit(async () => ({ result: 1, change }), { ifUnwritten: { end: () => many } });
    await expect(lost).rejects.toMatchObject({ status: 503 });
    expect(events).toEqual([expect.stringContaining(`,${accountSubject(alice)} credential_revoked undefined`)]);
    expect(failures).toEqual([full, alice]);
  });

  test('a change that cannot be written and that is no revocation denies nobody', async () => {
    const { changes, factsNow } = setup({ transaction: full });
    await expect(changes.commit(async () => ({ result: 1, change }))).rejects.toMatchObject({ status: 503 });
    expect(factsNow()).toEqual(facts);
  });

  test('a change that cannot be written and then is, is forgotten by the view as far as it was read before, and only then denied no longer', async () => {
    const { changes, events, disk, factsNow } = setup({ transaction: full });
    const options = { ifUnwritten: { end: () => [denial] }, onceWritten: { lift: () => [denial] } };
    await expect(changes.commit(async () => ({ result: 1, change }), options)).rejects.toMatchObject({ status: 503 });
    disk.failure = undefined;
    events.length = 0;
    await changes.commit(async () => ({ result: 1, change }), options);
    expect(events.filter((event) => event.startsWith('applied'))).toEqual(['applied 7', 'applied 7']);
    expect(factsNow()).toEqual(facts);
  });

  // A commit that failed after it was made: what repeats it finds nothing left to write, and the view was never told.
  test('a change that cannot be written but stands in the database all the same, is forgotten by the view up to the head of the log', async () => {
    const { changes, events, disk, factsNow } = setup({ transaction: full });
    const options = { ifUnwritten: { end: () => [denial] }, onceWritten: { lift: () => [denial] } };
    await expect(changes.commit(async () => ({ result: 1, change }), options)).rejects.toMatchObject({ status: 503 });
    disk.failure = undefined;
    events.length = 0;
    await changes.commit(async () => ({ result: 1, change: undefined }), options);
    expect(events).toEqual(['committed', 'applied 9']);
    expect(factsNow()).toEqual(facts);
  });

  test('while another one of the same is under way stays denied: that was decided before', async () => {
    const { changes, denials, disk, factsNow } = setup({ transaction: full });
    const options = { ifUnwritten: { end: () => [denial] }, onceWritten: { lift: () => [denial] } };
    await expect(changes.commit(async () => ({ result: 1, change }), options)).rejects.toMatchObject({ status: 503 });
    disk.failure = undefined;
    disk.beforeCommit = () => void denials.remember([denial]);
    await changes.commit(async () => ({ result: 1, change }), options);
    expect(factsNow()).toEqual({ ...facts, credential: 'revoked' });
  });

  test.each([
    ['what the database throws', new Error('SQLITE_FULL')],
    ['a defect of ours', new TypeError('undefined is not a function')],
  ])('because of %s says nothing of it to the caller', async (_what, error) => {
    const { changes } = setup({ transaction: error });
    await expect(changes.commit(async () => ({ result: 1, change }))).rejects.toMatchObject({
      message: 'the change could not be written',
    });
  });

  test('because it was refused passes the refusal on and denies nobody', async () => {
    const refusal = new ApiError('NOT_FOUND', 'no such subkey');
    const { changes, events, failures, factsNow } = setup();
    const refused = changes.commit(
      async () => {
        throw refusal;
      },
      { ifUnwritten: { end: () => [denial] } },
    );
    await expect(refused).rejects.toBe(refusal);
    expect(factsNow()).toEqual(facts);
    expect([events, failures]).toEqual([[], []]);
  });
});

test('an ending that is found written stays denied until the view has forgotten what it read before', async () => {
  const time = { now: () => unixNanos(500n), latest: () => unixNanos(500n), monotonic: () => 0 };
  const denials = createDenials({ clock: time });
  denials.remember([denial]);
  const isDenied = (): boolean => denials.overFacts(query, facts).credential === 'revoked';
  const seen: [string, boolean][] = [];
  const unwritten = createUnwritten({
    store: {
      position: async () => {
        seen.push(['the position is read', isDenied()]);
        return 9n;
      },
    },
    denials,
    keyring: { retire: () => undefined },
    view: { apply: () => void seen.push(['the view forgets', isDenied()]) },
    live: { cut: () => 0 },
  });
  await unwritten.lift([denial], denials.version, undefined);
  expect(seen).toEqual([
    ['the position is read', true],
    ['the view forgets', true],
  ]);
  expect(isDenied()).toBe(false);
});

describe('on a real store', () => {
  const ask = (session: string) => ({
    route: { access: 'account:read', identity: undefined } as const,
    method: 'GET',
    authorization: [`Bearer ${session}`],
    clientIp: parseIp('127.0.0.1'),
  });

  test("revoking a subkey cuts and refuses it, and not another account's credential with the same public key", async () => {
    const service = await openService();
    const [mine, theirs] = [service.subkeySession(service.aliceSubkey), service.subkeySession(service.bobSubkey)];
    const [open, untouched] = [await service.authorize(ask(mine)), await service.authorize(ask(theirs))];
    if (open.kind === 'deny' || untouched.kind === 'deny') throw new Error('both are allowed before');
    open.headSent();
    untouched.headSent();
    await expect(service.revokeSubkey()).resolves.toMatchObject({
      result: { state: 'revoked', publicKey: subkeyKey.publicKey },
      receipt: { nodes: 1, inFlight: 1 },
    });
    expect([open.refusal(), untouched.refusal()]).toEqual(['credential_revoked', undefined]);
    expect(await service.authorize(ask(mine))).toMatchObject({ kind: 'deny', reason: 'credential_revoked' });
    expect(await service.authorize(ask(theirs))).toMatchObject({ kind: 'allow' });
  });

  test('a second revocation is told the same and cuts nobody', async () => {
    const service = await openService();
    await service.revokeSubkey();
    await expect(service.revokeSubkey()).resolves.toMatchObject({ result: { state: 'revoked' }, receipt: undefined });
  });

  test('a narrowed allowlist ends what is under way, and refuses the next request from outside', async () => {
    const service = await openService();
    const session = service.subkeySession(service.aliceSubkey);
    const open = await service.authorize(ask(session));
    if (open.kind === 'deny') throw new Error('it is allowed before');
    const narrow = parseAllowlist(['192.0.2.0/24']);
    if (!narrow.ok) throw new Error(narrow.problem);
    const owner = await service.owner(alice);
    await service.subkeys.replaceAllowlist(owner, subkeyKey.publicKey, narrow.list);
    expect(open.refusal()).toBeDefined();
    expect(await service.authorize(ask(session))).toMatchObject({ kind: 'deny', reason: 'ip_not_allowed' });
    await service.subkeys.replaceAllowlist(owner, subkeyKey.publicKey, anywhere);
    expect(await service.authorize(ask(session))).toMatchObject({ kind: 'allow' });
  });

  test('a token revoked while the database cannot be written is dead on this node, and alive is only the other', async () => {
    const service = await openService();
    const [first, second] = [await service.createToken(alice), await service.createToken(alice)];
    const open = await service.authorize(ask(first.jwt));
    if (open.kind === 'deny') throw new Error('it is allowed before');
    const owner = await service.owner(alice);
    service.sql("create trigger full before insert on change_log begin select raise(abort, 'disk full'); end");
    await expect(service.tokens.revoke(owner, first.token.lookupId)).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
    });
    expect(open.refusal()).toBe('credential_revoked');
    expect(await service.authorize(ask(first.jwt))).toMatchObject({ kind: 'deny', reason: 'credential_revoked' });
    expect(await service.authorize(ask(second.jwt))).toMatchObject({ kind: 'allow' });
    const { lookupId } = first.token;
    expect(service.sql('select revoked_at from token where lookup_id = ?', lookupId)).toEqual([{ revoked_at: 0 }]);
    expect(await service.store.token(alice, lookupId)).toMatchObject({ revokedAt: service.clock.now() });
  });

  test.each([0, 600])(
    'a rotation with an overlap of %i s makes no token for a session that was ended before it is committed, and ends none',
    async (overlapSeconds) => {
      const service = await openService();
      const { token } = await service.createToken(alice);
      const owner = await service.owner(alice);
      const read = service.holds.at('tx.token');
      const rotated = service.rotateToken(owner, token.lookupId, { overlapSeconds, lifetimeSeconds: undefined });
      await read.reached;
      // By now the session was found alive. Its end cannot be written, as the rotation holds the database.
      service.denials.remember([{ kind: 'sessions', account: alice, upTo: service.clock.now() }]);
      read.release();
      await expect(rotated).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
      const rows = service.sql(
        'select revoked_at, replaced_by, cast(expiry_at as text) as expiry from token where account_id = ?',
        alice,
      );
      expect(rows).toEqual([{ revoked_at: 0, replaced_by: '', expiry: token.expiryAt.toString() }]);
    },
  );

  test.each([0, 600])(
    'a rotation with an overlap of %i s that cannot be written leaves the token alone, and makes none',
    async (overlapSeconds) => {
      const service = await openService();
      const { token, jwt } = await service.createToken(alice);
      const owner = await service.owner(alice);
      service.sql("create trigger full before insert on change_log begin select raise(abort, 'disk full'); end");
      const rotation = { overlapSeconds, lifetimeSeconds: undefined };
      await expect(service.rotateToken(owner, token.lookupId, rotation)).rejects.toMatchObject({
        code: 'SERVICE_UNAVAILABLE',
      });
      expect(await service.authorize(ask(jwt))).toMatchObject({ kind: 'allow' });
      expect(service.sql('select revoked_at, replaced_by from token where account_id = ?', alice)).toEqual([
        { revoked_at: 0, replaced_by: '' },
      ]);
      service.sql('drop trigger full');
      await expect(service.rotateToken(owner, token.lookupId, rotation)).resolves.toMatchObject({ result: {} });
    },
  );

  test("an owner cannot revoke another account's subkey by its public key", async () => {
    const service = await openService();
    await service.subkeys.revoke(await service.owner(bob), subkeyKey.publicKey);
    expect(await service.authorize(ask(service.subkeySession(service.aliceSubkey)))).toMatchObject({ kind: 'allow' });
  });
});

// Between commit and acknowledgement: nobody is told before view and registry have applied the change, and a revocation that
// cannot be written denies all the same.
import { describe, expect, test } from 'vitest';
import { anywhere, parseAllowlist, parseIp } from '../../src/domain/allowlist.ts';
import { credentialSubject, type Subject } from '../../src/domain/credential.ts';
import { type Clock, NEVER, unixNanos } from '../../src/domain/time.ts';
import { ApiError, StoreFailure } from '../../src/errors.ts';
import { type Changes, createChanges } from '../../src/revocation/barrier.ts';
import type { LiveRegistry } from '../../src/revocation/live.ts';
import type { View } from '../../src/revocation/view.ts';
import type { Change } from '../../src/store/store.ts';
import { alice, bob, openService, subkeyKey } from './service.ts';
import { noTransaction } from './simulated-store.ts';

const mine: Subject = credentialSubject({ account: alice, kind: 'subkey', id: '1' });
const change: Change = { position: 7n, subjects: [mine], narrows: true };

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
  const view: View = {
    ask: () => {
      throw new Error('the barrier asks nothing');
    },
    apply: ({ position }) => {
      events.push(`applied ${position}`);
    },
    entries: 0,
    fills: 0,
  };
  const live: LiveRegistry = {
    open: () => {
      throw new Error('the barrier opens nothing');
    },
    cut: (subjects, reason, position) => {
      events.push(`cut ${subjects.join()} ${reason} ${position}`);
      monotonic += 2.5;
      if (options.cutFails) throw new AggregateError([], 'a listener failed');
      return options.inFlight ?? 0;
    },
    size: 0,
  };
  const changes: Changes = createChanges({
    store: {
      async transaction(work) {
        const made = await work(noTransaction);
        if (options.transaction !== undefined) throw options.transaction;
        events.push('committed');
        return made;
      },
    },
    view,
    live,
    clock,
    onStoreFailure: (error) => failures.push(error),
  });
  return { changes, events, failures };
}

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

  test('of a change that forbids nothing cuts nobody, but the view forgets', async () => {
    const { changes, events } = setup({ inFlight: 3 });
    const widening = { ...change, narrows: false };
    const { receipt } = await changes.commit(async () => ({ result: undefined, change: widening }));
    expect(events).toEqual(['committed', 'applied 7']);
    expect(receipt).toEqual({ nodes: 1, ms: 0, inFlight: 0 });
  });

  test('of nothing carries no receipt', async () => {
    const { changes, events } = setup();
    await expect(changes.commit(async () => ({ result: 1, change: undefined }))).resolves.toEqual({
      result: 1,
      receipt: undefined,
    });
    expect(events).toEqual(['committed']);
  });

  test('is not given when a request could not be told, and nobody calls that a failure of the store', async () => {
    const { changes, failures } = setup({ cutFails: true });
    const deny = () => [mine];
    await expect(changes.commit(async () => ({ result: 1, change }), { deny })).rejects.toBeInstanceOf(AggregateError);
    expect(failures).toEqual([]);
    expect(changes.isDenied(mine, NEVER)).toBe(false);
  });
});

describe('a change that cannot be written', () => {
  const full = new StoreFailure('the disk is full');

  test('ends its subjects on this node before anything else, and answers 503', async () => {
    const { changes, events, failures } = setup({ transaction: full });
    const lost = changes.commit(async () => ({ result: 1, change }), { deny: () => [mine] });
    await expect(lost).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
      status: 503,
      cause: full,
      headers: { 'Retry-After': '1' },
    });
    expect(changes.isDenied(mine, NEVER)).toBe(true);
    expect(events).toEqual([`cut ${mine} credential_revoked undefined`]);
    expect(failures).toEqual([full]);
  });

  test('and ends sessions up to a time denies those and no later one', async () => {
    const { changes } = setup({ transaction: full });
    const upTo = unixNanos(1_000n);
    const lost = changes.commit(async () => ({ result: 1, change }), {
      denyUpTo: () => ({ subject: mine, authTime: upTo }),
    });
    await expect(lost).rejects.toMatchObject({ status: 503 });
    expect(changes.isDenied(mine, upTo)).toBe(true);
    expect(changes.isDenied(mine, unixNanos(1_001n))).toBe(false);
  });

  test('and ends more than one time keeps the latest: what is dead for good stays dead', async () => {
    const { changes } = setup({ transaction: full });
    const upTo = unixNanos(1_000n);
    const work = async () => ({ result: 1, change });
    await expect(changes.commit(work, { deny: () => [mine] })).rejects.toMatchObject({ status: 503 });
    const denyUpTo = () => ({ subject: mine, authTime: upTo });
    await expect(changes.commit(work, { denyUpTo })).rejects.toMatchObject({ status: 503 });
    expect(changes.isDenied(mine, unixNanos(1_001n))).toBe(true);
  });

  test('cuts who is named to be cut, where what is denied names nobody under way', async () => {
    const { changes, events } = setup({ transaction: full });
    const lost = changes.commit(async () => ({ result: 1, change }), { deny: () => ['every'], cut: () => [mine] });
    await expect(lost).rejects.toMatchObject({ status: 503 });
    expect(events).toEqual([`cut ${mine} credential_revoked undefined`]);
    expect([changes.isDenied('every', NEVER), changes.isDenied(mine, NEVER)]).toEqual([true, false]);
  });

  test('and is one more than can be kept denies everybody', async () => {
    const { changes } = setup({ transaction: full });
    const deny = (count: number) => () => Array.from({ length: count }, (_, i) => `subject ${i}`);
    const lose = (count: number) => changes.commit(async () => ({ result: 1, change }), { deny: deny(count) });
    await expect(lose(100_000)).rejects.toMatchObject({ status: 503 });
    expect(changes.isDenied(mine, NEVER)).toBe(false);
    await expect(lose(100_001)).rejects.toMatchObject({ status: 503 });
    expect(changes.isDenied(mine, NEVER)).toBe(true);
  });

  test('and that is no revocation denies nobody', async () => {
    const { changes } = setup({ transaction: full });
    await expect(changes.commit(async () => ({ result: 1, change }))).rejects.toMatchObject({ status: 503 });
    expect(changes.isDenied(mine, NEVER)).toBe(false);
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
    const { changes, events, failures } = setup();
    const refused = changes.commit(
      async () => {
        throw refusal;
      },
      { deny: () => [mine] },
    );
    await expect(refused).rejects.toBe(refusal);
    expect(changes.isDenied(mine, NEVER)).toBe(false);
    expect([events, failures]).toEqual([[], []]);
  });
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
    expect(await service.store.token(alice, first.token.lookupId)).toMatchObject({ revokedAt: 0n });
  });

  test("an owner cannot revoke another account's subkey by its public key", async () => {
    const service = await openService();
    await service.subkeys.revoke(await service.owner(bob), subkeyKey.publicKey);
    expect(await service.authorize(ask(service.subkeySession(service.aliceSubkey)))).toMatchObject({ kind: 'allow' });
  });
});

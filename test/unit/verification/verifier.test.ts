// Who is answered when: inline, in turns, or not at all. Questions are computed for real; only time is steered.
import { describe, expect, test } from 'vitest';
import type { UnixSeconds } from '../../../src/domain/time.ts';
import { ApiError } from '../../../src/errors.ts';
import { scureCurve } from '../../../src/starknet/curve.ts';
import { type Answers, createAnswers } from '../../../src/verification/answer.ts';
import type { OnBehalfOf } from '../../../src/verification/on-behalf-of.ts';
import { openAnswers } from '../../../src/verification/open-answers.ts';
import type { Question } from '../../../src/verification/questions.ts';
import {
  type Answered,
  createVerifier,
  type Verifier,
  type VerifierOptions,
} from '../../../src/verification/verifier.ts';
import {
  account,
  alice,
  bad,
  bob,
  hasher,
  login,
  settings,
  signatureOf,
  undecided,
  undecidedForgery,
} from '../../support/proofs.ts';
import { openUndecided } from '../../support/undecided.ts';
import { someone } from '../../support/verifier.ts';

const answers = openAnswers(settings, { tableBytes: 0, open: openUndecided });
const withoutEngine = openAnswers(settings, { tableBytes: 0, file: 'no such file' });

/** Without `inlineMs: 0` the first questions of a turn are answered at once. */
function open(options: Partial<VerifierOptions> = {}) {
  const clock = { ms: 0 };
  const verifier = createVerifier({
    answers,
    maxWaiting: 100,
    maxWaitMs: 5_000,
    inlineMs: 0,
    now: () => clock.ms,
    ...options,
  });
  return { verifier, clock };
}

const from = (client: string, signedIn = false, network = client): OnBehalfOf => ({
  ...{ client, network, signedIn },
  gone: () => false,
});
const overloaded = { code: 'SERVICE_UNAVAILABLE', status: 503, headers: { 'Retry-After': '1' } };

/** Asks for many, and tells in which order they ended, and how. */
function asker(verifier: Verifier) {
  const ended: string[] = [];
  const all: Promise<unknown>[] = [];
  return {
    ended,
    all: () => Promise.all(all),
    ask(name: string, by: OnBehalfOf, question: Question = { kind: 'public_key', publicKey: alice.publicKey }) {
      const told = verifier.ask(question, by).then(
        () => ended.push(name),
        (error: unknown) => ended.push(`${name}: ${error instanceof ApiError ? error.message : 'failed'}`),
      );
      all.push(told);
    },
  };
}

const NO_FALLBACKS = { undecided: 0, no_engine: 0 };
const FULL = 'too many signatures are waiting to be verified; try again in a moment';

describe('on an idle main thread', () => {
  test('a signature is verified in the turn in which it is asked when the main thread is idle', async () => {
    const { verifier } = open({ inlineMs: Number.POSITIVE_INFINITY });
    const { signer } = await verifier.ask(login(), someone);
    expect(signer?.publicKey).toBe(alice.publicKey);
    expect(verifier.stats()).toMatchObject({ inline: 1, batched: 0, depth: 0, fallbacks: NO_FALLBACKS });
  });

  test('signatures wait for the next turn when the main thread has computed enough in this one, and all are answered', async () => {
    const { verifier } = open();
    const { ask, ended, all } = asker(verifier);
    for (const name of 'abc') ask(name, from(name));
    expect(verifier.stats()).toMatchObject({ depth: 3, clients: 3, inline: 0 });
    await all();
    expect(ended).toEqual(['a', 'b', 'c']);
    expect(verifier.stats()).toMatchObject({ depth: 0, clients: 0, inline: 3 });
  });

  test('requests run between the verification of two signatures', async () => {
    const { verifier } = open();
    const { ask, ended, all } = asker(verifier);
    ask('first', from('a'));
    ask('second', from('a'));
    const between = new Promise<void>((resolve) => {
      setImmediate(() => {
        ended.push('a request');
        resolve();
      });
    });
    await Promise.all([all(), between]);
    expect(ended).toEqual(['first', 'a request', 'second']);
  });
});

describe('turns', () => {
  test('turns of verification go round the clients', async () => {
    const { verifier } = open();
    const { ask, ended, all } = asker(verifier);
    for (const name of ['f1', 'f2', 'f3']) ask(name, from('flood'));
    ask('alice', from('alice'));
    await all();
    expect(ended).toEqual(['f1', 'alice', 'f2', 'f3']);
  });

  test('turns of verification come first to those who have a session, but every fourth to the others', async () => {
    const { verifier } = open();
    const { ask, ended, all } = asker(verifier);
    for (const name of ['o1', 'o2', 'o3']) ask(name, from('stranger'));
    for (const name of ['s1', 's2', 's3', 's4', 's5', 's6']) ask(name, from('trader', true));
    await all();
    expect(ended).toEqual(['s1', 's2', 's3', 'o1', 's4', 's5', 's6', 'o2', 'o3']);
  });

  test('a client with a session does not queue for verification behind strangers', async () => {
    const { verifier } = open({ inlineMs: 0.000_001 });
    const { ask, ended, all } = asker(verifier);
    for (const name of ['o1', 'o2', 'o3']) ask(name, from('stranger'));
    expect(verifier.stats()).toMatchObject({ inline: 1, depth: 2 });
    ask('s', from('trader', true));
    await all();
    expect(ended).toEqual(['o1', 's', 'o2', 'o3']);
  });
});

describe('what is dropped is answered 503 with Retry-After at once', () => {
  test('a full verification queue drops the newest of the client that has most waiting, with 503 at once', async () => {
    const { verifier } = open({ maxWaiting: 3 });
    const { ask, ended, all } = asker(verifier);
    for (const name of ['f1', 'f2', 'f3', 'f4']) ask(name, from('flood'));
    ask('alice', from('alice'));
    await Promise.resolve();
    await Promise.resolve();
    expect(ended).toEqual([`f4: ${FULL}`, `f3: ${FULL}`]);
    expect(verifier.stats()).toMatchObject({ depth: 3, inline: 0, shed: { queue_full: 2 } });
    await all();
    expect(ended.slice(2)).toEqual(['f1', 'alice', 'f2']);
  });

  test('a full verification queue drops from the network that has most waiting, from however many addresses', async () => {
    const { verifier } = open({ maxWaiting: 3 });
    const { ask, ended, all } = asker(verifier);
    for (const name of ['f1', 'f2', 'f3', 'f4']) ask(name, from(name, false, 'flood'));
    ask('alice', from('alice'));
    await all();
    expect(ended).toEqual([`f4: ${FULL}`, `f1: ${FULL}`, 'f2', 'alice', 'f3']);
  });

  test('a signature that the verification queue drops is answered with the documented code, status and header', async () => {
    const { verifier } = open({ maxWaiting: 1 });
    const first = verifier.ask(login(), from('a'));
    await expect(verifier.ask(login(), from('b'))).rejects.toMatchObject(overloaded);
    await expect(first).resolves.toMatchObject({ kind: 'login' });
  });

  test('a verification queue full of strangers leaves those with a session their own places', async () => {
    const { verifier } = open({ maxWaiting: 2 });
    const { ask, ended, all } = asker(verifier);
    for (const name of ['o1', 'o2', 'o3']) ask(name, from(name));
    for (const name of ['s1', 's2']) ask(name, from(name, true));
    await all();
    expect(ended).toEqual([`o3: ${FULL}`, 's1', 's2', 'o1', 'o2']);
  });

  test('a signature is dropped from the verification queue when it has waited longer than anybody waits for it', async () => {
    const { verifier, clock } = open({ maxWaitMs: 1_000 });
    const { ask, ended, all } = asker(verifier);
    ask('late', from('a'));
    clock.ms = 1;
    ask('in time', from('a'));
    clock.ms = 1_001;
    await all();
    expect(ended).toEqual(['late: verifying the signature took too long; try again in a moment', 'in time']);
    expect(verifier.stats()).toMatchObject({ inline: 1, shed: { waited_too_long: 1 } });
  });

  test('a signature is dropped from the verification queue when its client has left', async () => {
    const { verifier } = open();
    const { ask, ended, all } = asker(verifier);
    let gone = false;
    ask('left', { ...from('a'), gone: () => gone });
    ask('stayed', from('a'));
    gone = true;
    await all();
    expect(ended).toEqual(['left: the client has left', 'stayed']);
    expect(verifier.stats()).toMatchObject({ inline: 1, shed: { client_gone: 1 } });
  });

  test('every signature in the verification queue is dropped when the service stops, waiting or not', async () => {
    const { verifier } = open();
    const { ask, ended, all } = asker(verifier);
    ask('waiting', from('a'));
    ask('signed in', from('a', true));
    await verifier.close();
    ask('late', from('a'));
    await all();
    expect(ended.toSorted()).toEqual(
      ['late', 'signed in', 'waiting'].map((name) => `${name}: the service is stopping`),
    );
    expect(verifier.stats()).toMatchObject({ inline: 0, depth: 0, shed: { stopping: 3 } });
  });
});

describe('a list of questions', () => {
  const good = Array.from({ length: 50 }, (_, n) => login(n));
  const list = good.with(7, login(7, { keys: [bob.publicKey] }));
  const signed = list.map((_, n) => n !== 7);

  test('a list of signatures takes one place in the queue, and its answers come in the order of the questions', async () => {
    const { verifier } = open({ maxWaiting: 1 });
    const answered = verifier.askAll(list, someone);
    expect(verifier.stats()).toMatchObject({ depth: 50, clients: 1 });
    expect((await answered).map(({ signer }) => signer !== undefined)).toEqual(signed);
    expect(verifier.stats()).toMatchObject({ depth: 0, clients: 0, inline: 50, shed: { queue_full: 0 } });
    expect(await verifier.askAll([], someone)).toEqual([]);
  });

  test('a list of signatures begins at once on an idle main thread, and leaves it for others when it has had its time', async () => {
    const { verifier } = open({ inlineMs: 0.000_001 });
    const answered = verifier.askAll(list, someone);
    expect(verifier.stats()).toMatchObject({ inline: 1, depth: 49 });
    expect((await answered).map(({ signer }) => signer !== undefined)).toEqual(signed);
    const all = open({ inlineMs: 1_000 }).verifier;
    const atOnce = all.askAll(list, someone);
    expect(all.stats()).toMatchObject({ inline: 50, depth: 0 });
    expect((await atOnce).map(({ signer }) => signer !== undefined)).toEqual(signed);
  });

  test('a list of signatures has a turn for each, and others have theirs between', async () => {
    const { verifier } = open();
    const { ask, ended, all } = asker(verifier);
    const many = (name: string, by: OnBehalfOf, count: number) =>
      verifier.askAll(good.slice(0, count), by).then(() => ended.push(name));
    const lists = [many('list of 3', from('a'), 3), many('list of 2', from('b'), 2)];
    ask('a later one of a', from('a'));
    for (const name of ['c1', 'c2', 'c3', 'c4']) ask(name, from('c'));
    await Promise.all([all(), ...lists]);
    expect(ended).toEqual(['c1', 'list of 2', 'c2', 'list of 3', 'c3', 'a later one of a', 'c4']);
  });

  test('a list of signatures is dropped as a whole when its place is lost', async () => {
    const { verifier } = open({ maxWaiting: 2 });
    const first = verifier.askAll(good.slice(0, 3), from('a'));
    const second = verifier.askAll(good.slice(0, 4), from('a'));
    await Promise.all([
      expect(verifier.ask(login(), from('b'))).resolves.toMatchObject({ kind: 'login' }),
      expect(second).rejects.toMatchObject(overloaded),
      expect(first).resolves.toHaveLength(3),
    ]);
    expect(verifier.stats()).toMatchObject({ inline: 4, depth: 0, shed: { queue_full: 4 } });
  });

  test('a list of signatures is dropped as a whole when one of them is, and nothing more of it is computed', async () => {
    const { verifier } = open({ maxWaiting: 1, inlineMs: 1_000 });
    const asked = verifier.askAll([login(), undecided, undecidedForgery, ...good.slice(0, 5)], someone);
    await expect(asked).rejects.toMatchObject(overloaded);
    // What of it was waiting gives its place back in the next turn.
    await new Promise((resolve) => setImmediate(resolve));
    await expect(verifier.ask(undecided, someone)).resolves.toMatchObject({ valid: true });
    expect(verifier.stats()).toMatchObject({ inline: 2, depth: 0, shed: { queue_full: 7 } });
  });

  test('a list of signatures is dropped when its client leaves, and when it waits too long, in the middle of it', async () => {
    for (const leave of [true, false]) {
      const { verifier, clock } = open({ maxWaitMs: 1_000 });
      const by = { ...from('a'), gone: () => leave && verifier.stats().inline >= 2 };
      const asked = verifier.askAll(good, by);
      if (!leave) await verifier.ask(login(), from('b'));
      clock.ms = leave ? 0 : 1_001;
      await expect(asked).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
      const { shed, depth, inline } = verifier.stats();
      expect(shed[leave ? 'client_gone' : 'waited_too_long']).toBe(leave ? 48 : 51 - inline);
      expect({ depth, other: shed[leave ? 'waited_too_long' : 'client_gone'] }).toEqual({ depth: 0, other: 0 });
    }
  });

  test('a list of signatures with a defect in one answer is an error, and never a verdict', async () => {
    const quick = answers.quick;
    if (quick === undefined) throw new Error('no engine');
    const answer = (question: Question) => {
      if (question === list[7]) throw new TypeError('a defect');
      return quick.answer(question);
    };
    const { verifier } = open({ answers: { ...answers, quick: { ...quick, answer } } });
    await expect(verifier.askAll(list, someone)).rejects.toThrow('a login question failed');
  });

  test('a list of signatures is refused when the service stops, also what of it was waiting', async () => {
    const { verifier } = open();
    const asked = verifier.askAll(list, someone);
    const refused = expect(asked).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    await verifier.close();
    await refused;
    expect(verifier.stats()).toMatchObject({ inline: 0, depth: 0, shed: { stopping: 50 } });
  });
});

describe('what the engine cannot decide', () => {
  test('a signature that the engine cannot decide is decided by the plain curve, later', async () => {
    const { verifier } = open({ inlineMs: Number.POSITIVE_INFINITY });
    const { ask, ended, all } = asker(verifier);
    ask('undecided', from('a'), undecided);
    ask('other', from('b'));
    await all();
    expect(ended).toEqual(['other', 'undecided']);
    await expect(verifier.ask(undecided, someone)).resolves.toMatchObject({ valid: true });
    await expect(verifier.ask(undecidedForgery, someone)).resolves.toMatchObject({ valid: false });
    expect(verifier.stats()).toMatchObject({ fallbacks: { undecided: 3, no_engine: 0 }, inline: 4 });
  });

  test('a signature that the engine cannot decide lets the main thread rest as long as it took, and others are answered meanwhile', async () => {
    const complete = (question: Question) => {
      clock.ms += 10;
      return answers.complete(question);
    };
    const { verifier, clock } = open({ answers: { ...answers, complete } });
    const first = verifier.ask(undecided, from('a'));
    const second = asker(verifier);
    second.ask('second', from('b'), undecided);
    await first;
    for (const ms of [10, 19]) {
      clock.ms = ms;
      await verifier.ask(login(), someone);
    }
    expect(second.ended).toEqual([]);
    clock.ms = 20;
    await second.all();
    expect(second.ended).toEqual(['second']);
    expect(clock.ms).toBe(30);
  });

  test('signatures that the engine cannot decide have few places of their own: a flood of them is shed and takes none from others', async () => {
    const { verifier } = open({ inlineMs: Number.POSITIVE_INFINITY, maxWaiting: 2 });
    const { ask, ended, all } = asker(verifier);
    for (const name of ['x1', 'x2', 'x3']) ask(name, from(name), undecided);
    ask('login', from('x1'), login());
    await all();
    expect(ended.toSorted()).toEqual(['login', 'x1', 'x2', `x3: ${FULL}`]);
  });
});

describe('without the engine', () => {
  test('every answer is the same without the engine, one at a time', async () => {
    const { verifier } = open({ answers: withoutEngine, inlineMs: Number.POSITIVE_INFINITY });
    const asked = [verifier.ask(login(), someone), verifier.ask(login(1, { keys: [bob.publicKey] }), someone)];
    expect(verifier.stats()).toMatchObject({ inline: 0, depth: 2, engineAvailable: false });
    const [good, wrong] = await Promise.all(asked);
    expect(good?.signer?.publicKey).toBe(alice.publicKey);
    expect(wrong?.signer).toBeUndefined();
    expect(verifier.stats()).toMatchObject({ inline: 2, fallbacks: { undecided: 0, no_engine: 2 } });
  });

  test('the reason why there is no engine is told', () => {
    expect(withoutEngine.unavailable).toContain('no such file');
    expect(answers.unavailable).toBeUndefined();
  });
});

describe('a defect', () => {
  const broken = () => {
    throw new TypeError('a defect');
  };

  test('a defect in one answer of the engine is an error of that one alone, and never a verdict', async () => {
    const quick = answers.quick;
    if (quick === undefined) throw new Error('no engine');
    const answer = (question: Question) => (question.kind === 'public_key' ? broken() : quick.answer(question));
    const { verifier } = open({ answers: { ...answers, quick: { ...quick, answer } } });
    const { ask, ended, all } = asker(verifier);
    ask('good', from('a'), login());
    ask('defect', from('a'));
    ask('good too', from('a'), login());
    await all();
    expect(ended).toEqual(['good', 'defect: failed', 'good too']);
  });

  test('a defect that mixes up answers of the engine is an error, and never a verdict', async () => {
    const quick: Answers = { answer: () => ({ kind: 'activation', valid: true }), firstVerdicts: () => [] };
    const { verifier } = open({ answers: { ...answers, quick } });
    await expect(verifier.ask(undecidedForgery, someone)).rejects.toThrow('got the answer to another one');
  });
});

describe('a verdict', () => {
  const { answer: reference } = createAnswers(scureCurve, settings);
  const allBad = Object.entries(bad);

  test.each(allBad)('the verdict of %s is no', (_what, question) => {
    const answer = reference(question);
    if (answer.kind === 'login' || answer.kind === 'order') expect(answer.signer).toBeUndefined();
    else expect(answer).toMatchObject({ valid: false });
  });

  test('the verdict of every signature is that of the plain curve, asked alone or with others', async () => {
    const questions = [...allBad.map(([, question]) => question), undecided, login(), login(1), login(2)];
    const expected = questions.map((question) => reference(question));
    const alone = open({ inlineMs: Number.POSITIVE_INFINITY }).verifier;
    for (const [i, question] of questions.entries()) {
      expect(await alone.ask(question, someone)).toEqual(expected[i]);
    }
    const { verifier } = open();
    expect(await Promise.all(questions.map((question) => verifier.ask(question, someone)))).toEqual(expected);
  });

  test('a login that names its expiration is not verified by the form without it', async () => {
    const { verifier } = open({ inlineMs: Number.POSITIVE_INFINITY });
    const { timestamp } = login();
    const withoutExpiration = signatureOf(alice, hasher.loginHashWithoutExpiration({ account, timestamp }));
    const asked = (expiration: UnixSeconds | undefined) =>
      verifier.ask(login(0, { expiration, signature: withoutExpiration }), someone);
    expect((await asked(undefined)).signer?.publicKey).toBe(alice.publicKey);
    expect((await asked(login().expiration)).signer).toBeUndefined();
  });

  test('a login without an expiration is verified by either form, and by no other key', async () => {
    const { verifier } = open({ inlineMs: Number.POSITIVE_INFINITY });
    const form = { expiration: undefined, recover: true };
    const byDefault = await verifier.ask(login(0, form), someone);
    expect(byDefault.signer?.publicKey).toBe(alice.publicKey);
    const unknown = await verifier.ask(login(0, { ...form, keys: [bob.publicKey] }), someone);
    expect(unknown.signer).toBeUndefined();
    // Two candidates for each of the two forms; Alice's key is one of them.
    expect(unknown.candidates).toHaveLength(4);
    expect(unknown.candidates.filter(({ publicKey }) => publicKey === alice.publicKey)).toHaveLength(1);
    expect(unknown.candidates.map(({ hash }) => hash)).toContain(byDefault.signer?.hash);
  });
});

test('the times of waiting and computing are told for every verified signature', async () => {
  const told: Answered[] = [];
  const { verifier, clock } = open({ onAnswered: (answered) => void told.push(answered) });
  const asked = verifier.ask({ kind: 'wallet_address', wallet: 1n }, someone);
  clock.ms = 250;
  await asked;
  expect(told).toEqual([{ kind: 'wallet_address', waitSeconds: 0.25, computeSeconds: expect.any(Number) }]);
  expect(told[0]?.computeSeconds).toBeGreaterThan(0);
});

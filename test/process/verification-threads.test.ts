// Verification on real worker threads: the same verdicts, whatever else is in the batch and whatever happens to a thread.
import { spawnSync } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';
import { parseEvmSignature } from '../../src/ethereum/eip191.ts';
import { openAnswers } from '../../src/verification/open-answers.ts';
import type { Question } from '../../src/verification/questions.ts';
import { createThreads, type Threads, type ThreadsOptions } from '../../src/verification/threads.ts';
import { createVerifier } from '../../src/verification/verifier.ts';
import { alice, bad, bob, login, omitted, order, settings, undecided, undecidedForgery } from '../support/proofs.ts';
import { PROJECT } from '../support/start-project.ts';
import { walletTrader } from '../support/trader.ts';
import { deaths } from '../support/tried-thread.ts';
import { openUndecided } from '../support/undecided.ts';
import { someone } from '../support/verifier.ts';

const TRIED = new URL('../support/tried-thread.ts', import.meta.url);
const answers = openAnswers(settings, { tableBytes: 0, open: openUndecided });

const inline = createVerifier({ answers, maxWaiting: 100, maxWaitMs: 60_000, inlineMs: Number.POSITIVE_INFINITY });

/** A verifier that does everything on threads, which are ready. */
async function open(options: Partial<ThreadsOptions> = {}, inlineMs = 0) {
  const lost: string[] = [];
  const listeners = new Set<() => void>();
  const opened: Threads[] = [];
  const verifier = createVerifier({
    answers,
    openThreads: (onChange) => {
      const threads = createThreads({
        count: 1,
        data: { settings, tableBytes: 0, needsEngine: true },
        retryMs: 20,
        onLost: (reason) => void lost.push(reason),
        ...options,
        onChange: () => {
          onChange();
          for (const listener of listeners) listener();
        },
      });
      opened.push(threads);
      return threads;
    },
    maxWaiting: 100,
    maxWaitMs: 60_000,
    inlineMs,
  });
  onTestFinished(() => verifier.close());
  const [threads] = opened;
  if (threads === undefined) throw new Error('no threads were opened');
  const until = (isSo: (threads: Threads) => boolean): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!isSo(threads)) return;
        listeners.delete(look);
        resolve();
      };
      listeners.add(look);
      look();
    });
  threads.start();
  await until(({ ready }) => ready === (options.count ?? 1));
  return { verifier, threads, lost, until };
}

const ours = Object.values(bad);
/** By the first key and the first form, by another key, and in the other form: what a batch can tell at once, and what it cannot. */
function goodAt(position: number): Question {
  const keys = [bob.publicKey, alice.publicKey];
  const form = position % 5;
  if (form === 0) return order(position);
  if (form === 1) return order(position, { keys });
  if (form === 2) return login(position, { keys });
  if (form === 3) return omitted(position);
  return login(position);
}
const toThePlainCurve = [undecided, undecidedForgery];

test.each<[string, Partial<ThreadsOptions>, readonly Question[], number]>([
  ['our thread', {}, [...ours, ...toThePlainCurve], 0],
  ['a thread that leaves it to the plain curve', { entry: TRIED }, toThePlainCurve, 16],
])(
  'in a batch of 16 on %s, a bad one at each position changes no other verdict, nor do others change its own',
  async (_what, options, questions, leftToThePlainCurve) => {
    const { verifier } = await open(options);
    const goods: readonly Question[] = Array.from({ length: 16 }, (_, position) => goodAt(position));
    const alone = new Map<Question, unknown>();
    for (const question of [...goods, ...questions]) alone.set(question, await inline.ask(question, someone));
    for (const good of goods) expect(alone.get(good)).toMatchObject({ signer: { publicKey: alice.publicKey } });

    for (const question of questions) {
      const before = verifier.stats();
      for (let position = 0; position < 16; position += 1) {
        const batch = goods.with(position, question);
        const verdicts = await Promise.all(batch.map((asked) => verifier.ask(asked, someone)));
        expect(verdicts).toEqual(batch.map((asked) => alone.get(asked)));
      }
      const after = verifier.stats();
      expect(after.inline).toBe(0);
      expect(after.fallbacks.undecided - before.fallbacks.undecided).toBe(leftToThePlainCurve);
      expect(after.batches - before.batches).toBe(16 + leftToThePlainCurve);
      expect(after.batched - before.batched).toBe(16 * 16 + leftToThePlainCurve);
    }
  },
);

test('a wallet is recovered on a thread as it is on ours', async () => {
  const { verifier } = await open({});
  const { wallet } = walletTrader();
  const text = 'Sign in, please';
  const signature = parseEvmSignature(wallet.personalSign(text));
  if (signature === undefined) throw new Error('not a signature');
  const questions = [text, `${text}.`].map((text): Question => ({ kind: 'wallet_signer', text, signature }));
  const batch = [...questions, login(1), ...questions];
  const answers = await Promise.all(batch.map((asked) => verifier.ask(asked, someone)));
  expect(verifier.stats().inline).toBe(0);
  expect(answers[0]).toEqual({ kind: 'wallet_signer', signer: wallet.address });
  expect(answers[1]).not.toEqual(answers[0]);
  expect(answers).toEqual(await Promise.all(batch.map((asked) => inline.ask(asked, someone))));
});

test.each(['exit', 'error', 'memory'] as const)(
  'a thread that dies (%s) takes its batch with it as 503, and others go on with a new one',
  async (death) => {
    const { verifier, lost, until } = await open({ entry: TRIED });
    const batch = [login(), { kind: 'wallet_address', wallet: deaths[death] } as const, login(1)];
    const ended = await Promise.allSettled(batch.map((question) => verifier.ask(question, someone)));
    for (const one of ended) {
      expect(one).toMatchObject({ status: 'rejected', reason: { code: 'SERVICE_UNAVAILABLE', status: 503 } });
    }
    expect(lost).toHaveLength(1);
    expect(verifier.stats()).toMatchObject({ shed: { thread_lost: 3 }, threads: { ready: 0, lost: 1 }, inline: 0 });

    // Meanwhile the main thread answers.
    expect((await verifier.ask(login(), someone)).signer).toBeDefined();
    expect(verifier.stats().inline).toBe(1);

    await until(({ ready }) => ready === 1);
    expect((await verifier.ask(login(), someone)).signer).toBeDefined();
    expect(verifier.stats()).toMatchObject({ inline: 1, threads: { ready: 1, lost: 1 } });
  },
);

test('a thread that does not answer in time is given up, and its batch is answered 503', async () => {
  const { verifier, lost } = await open({ entry: TRIED, batchMs: 50 });
  await expect(verifier.ask({ kind: 'wallet_address', wallet: deaths.silence }, someone)).rejects.toMatchObject({
    code: 'SERVICE_UNAVAILABLE',
  });
  expect(lost).toEqual(['it did not answer in time']);
});

test.each(['short', 'swapped'] as const)(
  'answers that are not those to the questions (%s) are 503 for all, also where another one has the same form',
  async (defect) => {
    const { verifier, lost, until } = await open({ entry: TRIED });
    const forgery = login(0, { keys: [bob.publicKey] });
    const batch = [forgery, login(1), { kind: 'wallet_address', wallet: deaths[defect] } as const, login(2), forgery];
    for (const one of await Promise.allSettled(batch.map((question) => verifier.ask(question, someone)))) {
      expect(one).toMatchObject({ status: 'rejected', reason: { code: 'SERVICE_UNAVAILABLE', status: 503 } });
    }
    expect(lost).toEqual(['it answered other questions than it was asked']);
    expect(verifier.stats()).toMatchObject({ shed: { thread_lost: 5 }, inline: 0 });

    await until(({ ready }) => ready === 1);
    expect((await verifier.ask(forgery, someone)).signer).toBeUndefined();
  },
);

test('what only the plain curve can tell is computed by threads too, and others are answered', async () => {
  const { verifier } = await open({ entry: TRIED, count: 2 });
  const asked = Array.from({ length: 6 }, () => verifier.ask(undecidedForgery, someone));
  const others = Array.from({ length: 6 }, (_, n) => verifier.ask(login(n), someone));
  expect(await Promise.all(asked)).toEqual(asked.map(() => ({ kind: 'signature', valid: false })));
  expect((await Promise.all(others)).every(({ signer }) => signer !== undefined)).toBe(true);
  expect(verifier.stats()).toMatchObject({ inline: 0, fallbacks: { undecided: 6, no_engine: 0 } });
});

test('a list goes to the thread in batches, and its answers come back in the order of the questions', async () => {
  const { verifier } = await open();
  const list = Array.from({ length: 50 }, (_, n) => login(n, n === 20 ? { keys: [bob.publicKey] } : {}));
  const answered = await verifier.askAll(list, someone);
  expect(answered.map(({ signer }) => signer !== undefined)).toEqual(list.map((_, n) => n !== 20));
  expect(answered.flatMap(({ signer }) => signer?.hash ?? [])).toHaveLength(49);
  expect(verifier.stats()).toMatchObject({ inline: 0, batches: 4, batched: 50, depth: 0 });
});

test('a list whose thread is lost is 503, and what of it was waiting is given up', async () => {
  const { verifier, until } = await open({ entry: TRIED });
  const list = Array.from({ length: 40 }, (_, n) => login(n));
  const lost = verifier.askAll(
    [...list.slice(0, 3), { kind: 'wallet_address', wallet: deaths.exit } as const, ...list],
    someone,
  );
  await expect(lost).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  await until(({ ready }) => ready === 1);
  expect((await verifier.ask(login(), someone)).signer).toBeDefined();
  expect(verifier.stats()).toMatchObject({ depth: 0, shed: { thread_lost: 44 } });
});

test('nobody overtakes those who wait for a thread, but who has a session does', async () => {
  const { verifier } = await open({}, 0.000_001);
  const asked = Array.from({ length: 40 }, (_, n) => verifier.ask(login(n), someone));
  await new Promise((resolve) => setImmediate(resolve));
  // One inline, one batch on the thread.
  expect(verifier.stats()).toMatchObject({ inline: 1, batched: 16, depth: 23 });
  const stranger = verifier.ask(login(), { ...someone, client: 'somebody else' });
  expect(verifier.stats()).toMatchObject({ inline: 1, depth: 24 });
  const trader = verifier.ask(login(), { ...someone, signedIn: true });
  expect(verifier.stats()).toMatchObject({ inline: 2, depth: 24 });
  const answers = await Promise.all([...asked, stranger, trader]);
  expect(answers.every(({ signer }) => signer !== undefined)).toBe(true);
});

test('threads that cannot start are tried again later, and the main thread answers meanwhile', async () => {
  const lost: string[] = [];
  const verifier = createVerifier({
    answers,
    openThreads: (onChange) =>
      createThreads({
        count: 1,
        data: { settings, tableBytes: 0, needsEngine: true },
        entry: new URL('file:///nowhere/thread.ts'),
        onChange,
        onLost: (reason) => void lost.push(reason),
      }),
    maxWaiting: 100,
    maxWaitMs: 60_000,
    inlineMs: 0,
  });
  onTestFinished(() => verifier.close());
  const asked = Array.from({ length: 20 }, (_, n) => verifier.ask(login(n), someone));
  expect((await Promise.all(asked)).every(({ signer }) => signer !== undefined)).toBe(true);
  await expect(verifier.ask(undecided, someone)).resolves.toEqual({ kind: 'signature', valid: true });
  expect(verifier.stats()).toMatchObject({ inline: 21, batched: 0, threads: { configured: 1, ready: 0 } });
  expect(lost[0]).toContain('nowhere');
});

/** Of this process, from now on. */
function startedThreads(): readonly Worker[] {
  const started: Worker[] = [];
  const note = (message: unknown): void => {
    if (typeof message === 'object' && message !== null && 'worker' in message && message.worker instanceof Worker) {
      started.push(message.worker);
    }
  };
  subscribe('worker_threads', note);
  onTestFinished(() => void unsubscribe('worker_threads', note));
  return started;
}

test('closing refuses what a thread has in its hands, and resolves when the thread has ended', async () => {
  const started = startedThreads();
  const { verifier, threads } = await open();
  const asked = Array.from({ length: 20 }, (_, n) => verifier.ask(login(n), someone));
  const ended = Promise.allSettled(asked);
  await new Promise((resolve) => setImmediate(resolve));
  expect(started.map(({ threadId }) => threadId)).toEqual([expect.any(Number)]);
  // A thread that has ended has no id any more.
  expect(started[0]?.threadId).toBeGreaterThan(0);
  await verifier.close();
  expect(started[0]?.threadId).toBe(-1);
  for (const one of await ended) {
    expect(one).toMatchObject({ status: 'rejected', reason: { code: 'SERVICE_UNAVAILABLE' } });
  }
  expect(threads.stats()).toMatchObject({ ready: 0, lost: 0 });
  expect(verifier.stats().shed.stopping).toBe(20);
});

test('a thread that is ready does not keep a process alive that has nothing else to do', () => {
  const program = `
    import { createThreads } from '${join(PROJECT, 'src/verification/threads.ts')}';
    const busy = setInterval(() => {}, 1000);
    const threads = createThreads({
      count: 1,
      data: ${JSON.stringify({ settings, tableBytes: 0, needsEngine: true })},
      onLost: (reason) => console.log('lost', reason),
      onChange() {
        console.log('ready', threads.ready);
        clearInterval(busy);
      },
    });
    threads.start();
  `;
  const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
    timeout: 50_000,
  });
  expect(stdout).toBe('ready 1\n');
  expect(status).toBe(0);
});

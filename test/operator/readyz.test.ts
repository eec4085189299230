// /readyz of a whole service in trouble: a load balancer learns that it must look elsewhere, the operator what is wrong, and
// strangers not a word of that.

import { connect } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type Service, startService } from '../support/harness.ts';
import { parsePage } from '../support/metrics-page.ts';
import { exchange, readAnswer } from '../support/raw-http.ts';
import { call } from '../support/trader.ts';
import { newOwner, startWorld } from '../support/world.ts';

const ask = async (url: string) => {
  const { status, json, headers } = await call(url, 'GET', '/readyz');
  expect(headers.get('Cache-Control')).toBe('no-store');
  return { status, said: json.status, checks: json.checks };
};
const problems = (checks: Record<string, string>) => Object.entries(checks).filter(([, problem]) => problem !== 'ok');

/** As an administrator's hand in the database would. */
function inDatabase(service: Service, sql: string): void {
  const database = new DatabaseSync(join(service.folder, 'data', 'countersign.db'));
  try {
    database.exec(sql);
  } finally {
    database.close();
  }
}

test('a store that cannot be read is 503 on both listeners; the figures are there all the same, and it comes back', async () => {
  // The store looks each second whether the database is still its own. On a slow machine it may find the table gone first, and give the
  // database up for good: then a fresh service is asked.
  while (!(await isUnreadableForAMoment()))
    process.stdout.write('readyz: the look of a second came first, once more\n');
});

async function isUnreadableForAMoment(): Promise<boolean> {
  const service = await startService();
  try {
    inDatabase(service, 'alter table meta rename to away');
    const strangers = await ask(service.url);
    expect([strangers.status, strangers.said, problems(strangers.checks)]).toEqual([
      503,
      'not ready',
      [['store', 'failing']],
    ]);
    const operator = await ask(service.operatorUrl);
    const metrics = await call(service.operatorUrl, 'GET', '/metrics');
    inDatabase(service, 'alter table away rename to meta');
    const [strangersAfter, after] = [await ask(service.url), await ask(service.operatorUrl)];
    expect([operator.status, operator.said]).toEqual([503, 'not ready']);
    const page = parsePage(metrics.text);
    expect(page.value('countersign_problem', { component: 'store' })).toBe(2);
    expect(page.value('countersign_problem', { component: 'signing_keys' })).toBe(0);
    expect(page.families.get('countersign_change_log_position')?.samples).toEqual([]);
    if (problems(after.checks).some(([, problem]) => problem.includes('was written over'))) return false;
    expect(problems(operator.checks)).toEqual([['store', 'failing: the database cannot be read']]);
    expect(strangersAfter.status).toBe(200);
    expect(problems(after.checks)).toEqual([]);
    return true;
  } finally {
    await service.stop();
  }
}

test('a venue that cannot be reached is told to the operator, and takes no node out: logins and revocations go on', async () => {
  // Nobody listens on port 1 of this machine.
  const world = await startWorld({ upstream: 'http://127.0.0.1:1' });
  try {
    const owner = await newOwner(world);
    for (let i = 0; i < 3; i += 1) {
      expect(problems((await ask(world.service.operatorUrl)).checks)).toEqual([]);
      expect((await call(world.url, 'GET', '/v1/balance', { bearer: owner.session })).status).toBe(503);
    }
    const operator = await ask(world.service.operatorUrl);
    expect([operator.status, operator.said]).toEqual([200, 'ready']);
    expect(problems(operator.checks)).toEqual([
      ['venue', 'degraded: the last 3 forwarded requests failed at the venue'],
    ]);
    const strangers = await ask(world.url);
    expect([strangers.status, strangers.said, problems(strangers.checks)]).toEqual([200, 'ready', []]);
  } finally {
    await world.stop();
  }
});

test('a revocation that could not be written is told until it is', async () => {
  const world = await startWorld();
  try {
    const owner = await newOwner(world);
    inDatabase(
      world.service,
      `create trigger full before insert on change_log begin select raise(abort, 'disk full'); end`,
    );
    const lock = (path: string) =>
      call(world.service.operatorUrl, 'POST', `/operator/v1/accounts/${owner.account}/${path}`, {
        bearer: world.service.operatorToken,
      });
    expect((await lock('lock')).status).toBe(503);
    const { status, checks } = await ask(world.service.operatorUrl);
    expect(status).toBe(200);
    expect(checks.changes).toMatch(/^degraded: 1 credentials or accounts are denied by this process alone/);
    const page = parsePage((await call(world.service.operatorUrl, 'GET', '/metrics')).text);
    expect(page.value('countersign_unwritten_denials')).toBe(1);
    expect(page.value('countersign_changes_not_written_total')).toBe(1);
    expect(page.value('countersign_changes_total', { action: 'account.locked' })).toBe(0);

    inDatabase(world.service, 'drop trigger full');
    expect((await lock('unlock')).status).toBe(200);
    expect((await ask(world.service.operatorUrl)).checks.changes).toBe('ok');
  } finally {
    await world.stop();
  }
});

test('a clock that is set back is told to nobody for a minute, and beyond that takes the node out, with its size', async () => {
  const world = await startWorld();
  onTestFinished(() => world.stop());
  const { service, clock } = world;
  clock.setWallBack(60);
  expect((await ask(service.operatorUrl)).checks.clock).toBe('ok');
  clock.setWallBack(400);
  const strangers = await ask(service.url);
  expect([strangers.status, problems(strangers.checks)]).toEqual([503, [['clock', 'failing']]]);
  const operator = await ask(service.operatorUrl);
  expect(operator.status).toBe(503);
  expect(problems(operator.checks)).toEqual([
    [
      'clock',
      "failing: the time that is kept is 400 s ahead of this machine's clock, so that what is signed now is refused: set the clock, or, if it is right, run countersign clock accept",
    ],
  ]);
  const page = parsePage((await call(service.operatorUrl, 'GET', '/metrics')).text);
  expect(page.value('countersign_problem', { component: 'clock' })).toBe(2);
  expect(page.value('countersign_clock_lead_seconds')).toBe(400);
  clock.setWallBack(0);
  expect((await ask(service.url)).status).toBe(200);
});

test('a clock that jumps ahead is told to the operator while it is not believed, and takes the node out when nobody may believe it', async () => {
  const world = await startWorld();
  onTestFinished(() => world.stop());
  const { service, clock } = world;
  clock.setWallAhead(400);
  const { status, checks } = await ask(service.operatorUrl);
  expect([status, checks.clock]).toEqual([
    200,
    "degraded: this machine's clock jumped ahead by 400 s: what it is past is refused, and it is believed once it has stood by that for 60 s",
  ]);
  clock.setWallAhead(31 * 86_400);
  const far = await ask(service.operatorUrl);
  expect(far.status).toBe(503);
  expect(far.checks.clock).toMatch(/^failing: this machine's clock is 2678400 s ahead of all that the data has seen, /);
  clock.setWallAhead(0);
  expect((await ask(service.url)).status).toBe(200);
});

test('what is wrong is told to a Host that is an address or localhost; under a name that was made to mean this machine as much as to strangers', async () => {
  // Nobody listens on port 1 of this machine.
  const world = await startWorld({ upstream: 'http://127.0.0.1:1' });
  try {
    const owner = await newOwner(world);
    for (let i = 0; i < 3; i += 1) await call(world.url, 'GET', '/v1/balance', { bearer: owner.session });
    inDatabase(world.service, 'alter table meta rename to away');
    const port = Number(new URL(world.service.operatorUrl).port);
    const asked = async (host: string, headers = '') => {
      const request = `GET /readyz HTTP/1.1\r\nHost: ${host}\r\n${headers}Connection: close\r\n\r\n`;
      const { status, body } = await exchange(port, request);
      const { store, venue } = JSON.parse(body).checks;
      return { status, store, venue };
    };
    const sentences = {
      status: 503,
      // Which sentence depends on whether the look of a second has come by.
      store: expect.stringMatching(/^failing: /),
      venue: 'degraded: the last 3 forwarded requests failed at the venue',
    };
    const words = { status: 503, store: 'failing', venue: 'ok' };
    for (const host of ['127.0.0.1', `localhost:${port}`, '[::1]:9'])
      expect(await asked(host), host).toEqual(sentences);
    const bearer = `Authorization: Bearer ${world.service.operatorToken}\r\n`;
    for (const host of ['rebound.example', `rebound.example:${port}`, 'localhost.example', '127.0.0.1.example', '']) {
      expect(await asked(host), host).toEqual(words);
      expect(await asked(host, `${bearer.trimEnd()}x\r\n`), host).toEqual(words);
      expect(await asked(host, bearer), host).toEqual(sentences);
    }
    inDatabase(world.service, 'alter table away rename to meta');
  } finally {
    await world.stop();
  }
});

test('a server that is stopping is not ready, while it finishes what is under way', async () => {
  const service = await startService();
  const client = connect(service.port, '127.0.0.1');
  try {
    const begun = 'POST /v1/auth HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n';
    client.write(begun);
    // Its interim answer says that the request is under way.
    await new Promise((resolve) => client.once('data', resolve));
    expect((await ask(service.operatorUrl)).status).toBe(200);
    const stopped = service.stop();
    const { status, said, checks } = await ask(service.operatorUrl);
    expect([status, said]).toEqual([503, 'not ready']);
    expect(problems(checks)).toEqual([['process', 'failing: the server is stopping: it finishes what is under way']]);
    client.write('{}');
    expect((await readAnswer(client)).status).toBe(400);
    await stopped;
  } finally {
    client.destroy();
  }
});

test('a reader that stays keeps what was deleted in the database log: after a minute that is told, until the log could be emptied', async () => {
  // Only the intervals of the service stand still; it is the test that lets them pass, and the clocks with them.
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const world = await startWorld();
  onTestFinished(() => world.stop());
  const { service, clock } = world;
  const reader = new DatabaseSync(join(service.folder, 'data', 'countersign.db'), { readOnly: true });
  reader.exec('begin');
  reader.prepare('select count(*) from account').get();
  await newOwner(world);
  const told = () => service.log.map((line) => JSON.parse(line)).filter(({ event }) => event === 'log_not_emptied');
  // The answer of the service stands behind the attempts that were made before it was asked.
  const pass = async (seconds: number) => {
    for (let left = seconds; left > 0; left -= 15) {
      clock.advance(15);
      vi.advanceTimersByTime(15_000);
      await newOwner(world);
    }
    return problems((await ask(service.operatorUrl)).checks);
  };

  expect(await pass(45)).toEqual([]);
  expect(told()).toEqual([]);
  const late = await pass(45);
  expect(late).toEqual([['database_log', expect.stringMatching(/^degraded: .* still be on the disk: .*sqlite3/)]]);
  expect(told()).toEqual([expect.objectContaining({ level: 50, reason: expect.stringContaining('reads it') })]);
  const strangers = await ask(service.url);
  expect([strangers.status, strangers.checks.database_log]).toEqual([200, 'ok']);

  reader.close();
  expect(await pass(15)).toEqual([]);
});

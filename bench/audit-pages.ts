// What owners' questions cost: a page of an account's audit log among 1,000 and 1,000,000 rows, plain and with a filter that finds
// nothing, and the bytes of one explained refusal on the disk.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { AccountId } from '../src/domain/credential.ts';
import { feltOf } from '../src/domain/felt.ts';
import { addSeconds, unixNanos } from '../src/domain/time.ts';
import { writeDetail } from '../src/explain/detail.ts';
import { openStore } from '../src/store/open.ts';
import { sqlite } from '../src/store/sqlite/dialect.ts';
import type { AuditEntry, Store } from '../src/store/store.ts';
import { temporaryFolder } from './support/processes.ts';

const account: AccountId = feltOf(0x1234567890abcdefn);
const other: AccountId = feltOf(0xfedcba0987654321n);
const NOW = unixNanos(1_800_000_000_000_000_000n);
const TURNS = 50;
const folder = temporaryFolder();

const rowOf = (of: AccountId, action: AuditEntry['action']): AuditEntry => ({
  account: of,
  action,
  actor: 'subkey:42',
  subject: `credential/${of}/subkey/42`,
  requestId: '00000000-0000-4000-8000-000000000000',
  clientIp: '192.0.2.7',
  detail: { session: '00000000-0000-4000-8000-000000000000', auth_time: 1_800_000_000 },
});

const ms = (value: number): string => `${value.toFixed(2)} ms`;

/**
 * Median and longest of some pages; the longest turn that the event loop was kept from others, and the most processor time of one: a
 * machine that has other work stretches the first and not the second.
 */
async function pageTimes(store: Store, actions: readonly string[] | undefined): Promise<string> {
  const filter = { from: undefined, to: undefined, actions };
  const times: number[] = [];
  const atWork = (): number => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1_000;
  };
  let [longest, last] = [0, performance.now()];
  let [most, worked] = [0, atWork()];
  const look = setInterval(() => {
    const [now, work] = [performance.now(), atWork()];
    longest = Math.max(longest, now - last);
    most = Math.max(most, work - worked);
    [last, worked] = [now, work];
  });
  for (let i = 0; i < TURNS; i += 1) {
    const from = performance.now();
    await store.activity(account, filter, { limit: 100, cursor: undefined });
    times.push(performance.now() - from);
    await new Promise((resolve) => setTimeout(resolve, 2));
    [last, worked] = [performance.now(), atWork()];
  }
  clearInterval(look);
  times.sort((a, b) => a - b);
  return `p50 ${ms(times[TURNS / 2] ?? 0)}, max ${ms(times.at(-1) ?? 0)}, longest turn ${ms(longest)}, ${ms(most)} of the processor`;
}

async function auditPages(rows: number): Promise<void> {
  const { store } = await openStore(sqlite(join(folder, `audit-${rows}.db`)));
  for (let written = 0; written < rows; written += 1_000) {
    // Every second row is of another account.
    const entries = Array.from({ length: 1_000 }, (_, i) => rowOf(i % 2 === 0 ? account : other, 'login'));
    await store.appendAudit(entries);
  }
  process.stdout.write(`a page of 100 among ${rows.toLocaleString('en')} rows: ${await pageTimes(store, undefined)}\n`);
  const found = await pageTimes(store, ['token.revoked']);
  process.stdout.write(`  with a filter that finds nothing in ${Math.min(rows / 2, 10_000)} rows: ${found}\n`);
  await store.close();
}

async function bytesOfExplanation(): Promise<void> {
  const file = join(folder, 'explain.db');
  const { store } = await openStore(sqlite(file));
  await store.emptyLog();
  const before = statSync(file).size;
  const count = 20_000;
  const bounds = { perAccount: count, perCredential: count, perReason: count, inAll: count };
  const detail = writeDetail({
    method: 'POST',
    code: 'IP_NOT_ALLOWED',
    status: 403,
    message: 'the client address is outside the allowlist of this credential',
    clientIp: '198.51.100.4',
    hops: [{ address: '10.0.0.2', trusted: true }],
    allowedCidrs: ['203.0.113.0/24', '192.0.2.7/32'],
  });
  for (let written = 0; written < count; written += 50) {
    const rows = Array.from({ length: 50 }, (_, i) => {
      const n = written + i;
      return {
        account: feltOf(BigInt(n % 400) + 0x1234567890abcdef1234567890abcdef1234567890abcdef1234567890abn),
        requestId: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
        at: addSeconds(NOW, n),
        credential: `subkey:${n % 7}`,
        reason: 'ip_not_allowed',
        route: 'POST /v1/orders',
        others: 0,
        detail,
      };
    });
    await store.addExplanations(rows, bounds);
  }
  await store.emptyLog();
  process.stdout.write(`${Math.round((statSync(file).size - before) / count)} bytes for an explained refusal\n`);
  await store.close();
}

await bytesOfExplanation();
await auditPages(1_000);
await auditPages(1_000_000);

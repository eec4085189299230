// The page that Prometheus reads: its form, and that one part which fails does not cost the others.
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createCounters } from '../../../src/telemetry/counters.ts';
import { createMetricsPage, processRegistry } from '../../../src/telemetry/exposition.ts';
import type { MetricSources } from '../../../src/telemetry/metric-sources.ts';
import { metrics } from '../../../src/telemetry/metrics.ts';
import { parsePage } from '../../support/metrics-page.ts';

const counters = createCounters();
const sources: MetricSources = {
  counters,
  build: { version: '1.2.3', node: '24' },
  readiness: async () => ({ store: { state: 'degraded', problem: 'a "quoted"\nproblem' } }),
  log: () => ({ lost: 6, problem: undefined }),
  rateLimitKeys: () => 12,
  liveRequests: () => 3,
  view: () => ({ entries: 1, capacity: 9, filling: 2, hits: 30, fills: 4, rereads: 5, evictions: 6 }),
  bearerCache: () => ({ entries: 1, capacity: 9, hits: 7, misses: 8 }),
  upstream: () => ({
    ...{ busy: 1, idle: 2, connections: 128, streaming: 1, streams: 8 },
    ...{ waiting: 3, maxWaiting: 1024, turnedAway: 4, failures: 5 },
  }),
  gatewayMemory: () => ({ bodies: { held: 1, total: 9 } }),
  orderMarks: () => ({ held: 1, capacity: 9, refused: 2 }),
  explanations: () => ({ unlike: 4, waiting: 1, written: 2, dropped: 3, failing: false }),
  audit: () => ({ waiting: 1, written: 2, lost: 3, failing: false }),
  usage: () => ({ waiting: 0, room: 1, failures: 0, dropped: 0, failing: false }),
  changes: () => ({ unwritten: 1, failures: 2 }),
  changeLog: async () => ({ epoch: 'e"\\\n', position: 2n ** 40n }),
  clockLeadSeconds: () => 1.5,
  signingKeys: async () => [
    { use: 'session', state: 'verifying', ageSeconds: 30, replacedInSeconds: undefined },
    { use: 'session', state: 'active', ageSeconds: 20, replacedInSeconds: 5 },
    { use: 'session', state: 'active', ageSeconds: 10, replacedInSeconds: 6 },
  ],
  storage: async () => ({ databaseBytes: 1, walBytes: 2, freeBytes: 3 }),
  verifier: () => ({
    ...{ depth: 1, clients: 2, inline: 4, batched: 5, batches: 6 },
    engineAvailable: true,
    engine: { tables: 1, tableBytes: 2, built: 3, evicted: 4, tableHits: 5, tableMisses: 6 },
    fallbacks: { undecided: 7, no_engine: 0 },
    shed: { queue_full: 7, waited_too_long: 0, client_gone: 0, thread_lost: 0, stopping: 0 },
    threads: { configured: 8, ready: 9, lost: 10 },
  }),
};
const pageOf = async (changed: Partial<MetricSources> = {}) =>
  parsePage(await createMetricsPage({ ...sources, ...changed }).text());

test('every metric of the table is on the page once, with its type and its labels', async () => {
  const page = await pageOf();
  const own = [...page.families.keys()].filter((name) => name.startsWith('countersign_'));
  expect(own).toEqual(metrics.map(({ name }) => name));
  for (const { name, type, labels } of metrics) {
    const family = page.families.get(name);
    expect(family?.type, name).toBe(type);
    for (const sample of family?.samples ?? []) {
      const given = Object.keys(sample.labels).filter((label) => label !== 'le');
      expect(given, name).toEqual(labels);
    }
  }
});

test('names and labels of metrics are of the form that Prometheus wants: counters end in _total, durations in _seconds', () => {
  for (const { name, type, labels, help } of metrics) {
    expect(name).toMatch(/^countersign_[a-z]+(_[a-z]+)*$/);
    expect(name.endsWith('_total'), name).toBe(type === 'counter');
    if (type === 'histogram') expect(name).toMatch(/_seconds$/);
    for (const label of labels) expect(label).toMatch(/^[a-z]+$/);
    expect(help, name).toMatch(/^[A-Z0-9].*\.$/);
  }
});

test('the figures on the page of metrics are those of their sources', async () => {
  const page = await pageOf();
  const value = (name: string, labels = {}) => page.value(`countersign_${name}`, labels);
  expect(value('build_info', { version: '1.2.3', node: '24' })).toBe(1);
  expect(value('problem', { component: 'store' })).toBe(1);
  expect(value('change_log_position')).toBe(2 ** 40);
  expect(value('change_log_epoch_info', { epoch: 'e"\\\n' })).toBe(1);
  expect(value('view_lookups_total', { result: 'fill' })).toBe(4);
  expect(value('bearer_cache_lookups_total', { result: 'miss' })).toBe(8);
  expect(value('venue_connections', { state: 'idle' })).toBe(2);
  expect(value('signing_keys', { use: 'session', state: 'active' })).toBe(2);
  // The newest of several: two samples of one series would be no page at all.
  expect(value('signing_key_age_seconds', { use: 'session' })).toBe(10);
  expect(value('signing_key_replaced_in_seconds', { use: 'session' })).toBe(6);
  expect(value('engine_verifications_total', { table: 'hit' })).toBe(5);
  expect(value('verification_shed_total', { reason: 'queue_full' })).toBe(7);
  expect(value('clock_lead_seconds')).toBe(1.5);
});

test('a histogram on the page of metrics is cumulative, ends in +Inf, and has its sum and count', async () => {
  const fresh = createCounters();
  for (const seconds of [0.0001, 0.0001, 0.3, 99]) fresh.changing.observe(seconds);
  const page = await pageOf({ counters: fresh });
  const bucket = (le: string) => page.value('countersign_change_duration_seconds_bucket', { le });
  expect([bucket('0.0005'), bucket('0.25'), bucket('0.5'), bucket('30'), bucket('+Inf')]).toEqual([2, 2, 3, 3, 4]);
  expect(page.value('countersign_change_duration_seconds_count')).toBe(4);
  expect(page.value('countersign_change_duration_seconds_sum')).toBeCloseTo(99.3002);
});

test('a part of the metrics that fails, or has nothing to say, is left out, and the rest is there', async () => {
  const fail = () => {
    throw new Error('secret');
  };
  const page = await pageOf({
    changeLog: () => Promise.reject(new Error('secret')),
    storage: async () => fail(),
    view: fail,
    verifier: fail,
  });
  const silent = [
    'change_log_position',
    'data_free_bytes',
    'view_entries',
    'verification_queue',
    'verification_shed_total',
  ];
  for (const name of silent) expect(page.families.get(`countersign_${name}`)?.samples, name).toEqual([]);
  expect(page.value('countersign_live_requests')).toBe(3);
  expect(page.text).not.toContain('secret');
});

test('scrapes of the metrics at the same time do not disturb each other, and counters stay where they are', async () => {
  const page = createMetricsPage(sources);
  const own = (text: string) => text.split('\n').filter((line) => line.includes('countersign_'));
  const [first = '', ...others] = await Promise.all([page.text(), page.text(), page.text()]);
  for (const other of others) expect(own(other)).toEqual(own(first));
});

test('two apps of a process have pages of metrics of their own, and share the figures of the process', async () => {
  const other = await pageOf({ liveRequests: () => 77 });
  expect((await pageOf()).value('countersign_live_requests')).toBe(3);
  expect(other.value('countersign_live_requests')).toBe(77);
  expect(processRegistry()).toBe(processRegistry());
  for (const name of [
    'process_resident_memory_bytes',
    'nodejs_eventloop_lag_p99_seconds',
    'nodejs_gc_duration_seconds',
  ]) {
    expect([...other.families.keys()]).toContain(name);
  }
});

test('prom-client is known to one file', () => {
  const src = new URL('../../../src/', import.meta.url);
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const users = files.filter((file) => readFileSync(new URL(file, src), 'utf8').includes("from 'prom-client'"));
  expect(users).toEqual(['telemetry/exposition.ts']);
});

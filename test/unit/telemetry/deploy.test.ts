// The dashboard, the alert rules and the pages for people name only what there is: metrics, their labels, and values of those.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { auditActions } from '../../../src/domain/audit-action.ts';
import { denyReasons } from '../../../src/domain/decision.ts';
import { errorStatus } from '../../../src/errors.ts';
import { ipBuckets } from '../../../src/ratelimit/limiter.ts';
import {
  connectionRefusals,
  operatorDenials,
  outcomeClasses,
  requestLineResults,
  surfaces,
} from '../../../src/telemetry/counters.ts';
import { processRegistry } from '../../../src/telemetry/exposition.ts';
import { metrics } from '../../../src/telemetry/metrics.ts';
import { readExpression } from '../../support/promql.ts';

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

/** What a scrape adds. */
const scraped = ['instance', 'job'];
/** Made by Prometheus itself. */
const ofPrometheus = new Map([['up', scraped]]);

const known = new Map<string, readonly string[]>(ofPrometheus);
for (const { name, type, labels } of metrics) {
  const all = [...labels, ...scraped];
  if (type !== 'histogram') known.set(name, all);
  else {
    known.set(`${name}_bucket`, [...all, 'le']);
    known.set(`${name}_sum`, all);
    known.set(`${name}_count`, all);
  }
}
for (const { name, type } of await processRegistry().getMetricsAsJSON()) {
  for (const suffix of String(type) === 'histogram' ? ['_bucket', '_sum', '_count'] : [''])
    known.set(name + suffix, scraped);
}

/** Values that a matcher may name; labels that are not here are not checked. */
const shed = ['queue_full', 'waited_too_long', 'client_gone', 'thread_lost', 'stopping'];
const values: Readonly<Record<string, readonly string[]>> = {
  reason: [...denyReasons, ...Object.keys(errorStatus), ...shed, ...connectionRefusals, ...operatorDenials],
  code: Object.keys(errorStatus),
  decision: ['allow', 'deny'],
  surface: surfaces,
  outcome: [...outcomeClasses, 'answered', 'refused', 'cut', 'truncated', 'stalled', 'slow_client', 'client_gone'],
  bucket: ipBuckets,
  result: ['hit', 'fill', 'miss', 'ok', ...requestLineResults, ...Object.keys(errorStatus)],
  action: Object.keys(auditActions),
  state: ['busy', 'idle', 'ready', 'configured'],
};

/** What is wrong with an expression, in words. */
function problemsOf(expression: string): string[] {
  const { selectors, grouped } = readExpression(expression);
  const problems: string[] = [];
  const labelsHere = new Set(selectors.flatMap(({ metric }) => known.get(metric) ?? []));
  for (const label of grouped) if (!labelsHere.has(label)) problems.push(`groups by ${label}`);
  for (const { metric, matchers } of selectors) {
    const labels = known.get(metric);
    if (labels === undefined) problems.push(`no metric ${metric}`);
    for (const { label, value } of matchers) {
      if (labels !== undefined && !labels.includes(label)) problems.push(`${metric} has no ${label}`);
      for (const one of value.split('|')) {
        if (values[label] !== undefined && !values[label].includes(one)) problems.push(`${label} is never ${one}`);
      }
    }
  }
  return problems;
}

test('the check of dashboards and alert rules finds what is wrong', () => {
  expect(problemsOf('sum by (reason) (rate(countersign_decisions_total{decision="deny"}[5m])) > 0')).toEqual([]);
  expect(problemsOf('countersign_decision_total')).toEqual(['no metric countersign_decision_total']);
  expect(problemsOf('countersign_request_duration_seconds')).toHaveLength(1);
  expect(problemsOf('countersign_logins_total{reason="ok"}')).toContain('countersign_logins_total has no reason');
  expect(problemsOf('sum by (route) (countersign_logins_total)')).toEqual(['groups by route']);
  expect(problemsOf('countersign_decisions_total{reason=~"rate_limited|rate_limit"}')).toEqual([
    'reason is never rate_limit',
  ]);
  expect(() => readExpression('1 + 1')).toThrow('no metric');
  expect(() => readExpression('x{y}')).toThrow('no matchers');
});

describe('the dashboard', () => {
  const dashboard = JSON.parse(read('deploy/grafana/countersign.json'));
  const panels: {
    title: string;
    type: string;
    id: number;
    gridPos: { x: number; y: number; w: number; h: number };
    targets?: { expr: string }[];
  }[] = dashboard.panels;

  test('the dashboard asks only for metrics that there are', () => {
    const asked = [...panels.flatMap(({ targets }) => targets ?? []), ...dashboard.annotations.list];
    expect(asked.length).toBeGreaterThan(40);
    for (const { expr } of asked) expect(problemsOf(expr.replaceAll('$__rate_interval', '5m')), expr).toEqual([]);
    expect(dashboard.templating.list[1].query.query).toBe('label_values(countersign_build_info, instance)');
  });

  test('the dashboard shows the figures that an on-call person asks for first', () => {
    const shown = new Set(
      panels.flatMap(({ targets }) =>
        (targets ?? []).flatMap(({ expr }) => readExpression(expr).selectors.map(({ metric }) => metric)),
      ),
    );
    for (const name of [
      'countersign_problem',
      'countersign_decisions_total',
      'countersign_request_duration_seconds_bucket',
      'countersign_logins_total',
      'countersign_change_duration_seconds_bucket',
      'countersign_unwritten_denials',
      'countersign_verification_queue',
      'countersign_engine_available',
      'countersign_venue_connections',
      'nodejs_eventloop_lag_p99_seconds',
    ]) {
      expect([...shown]).toContain(name);
    }
  });

  test('every panel of the dashboard has a place and a number of its own, and every one but a row asks something', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const taken = new Set<string>();
    for (const { title, type, targets, gridPos } of panels) {
      if (type !== 'row') expect(targets?.length, title).toBeGreaterThan(0);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect(x, title).toBeLessThan(24);
          expect(taken.has(`${x},${y}`), `${title} lies over another panel`).toBe(false);
          taken.add(`${x},${y}`);
        }
      }
    }
  });
});

describe('the alert rules', () => {
  const text = read('deploy/prometheus/countersign.rules.yml');
  // Each begins with a dash at one depth; an expression is on its line or folded under `>-`.
  const alerts = text.split(/^ {6}- alert: /m).slice(1);

  test('the alert rules ask only for metrics that there are, and say whom to wake and what it is', () => {
    expect(alerts.length).toBeGreaterThan(10);
    const names = alerts.map((alert) => alert.split('\n', 1)[0]);
    expect(new Set(names).size).toBe(names.length);
    for (const alert of alerts) {
      const [, folded, line] = /^ {8}expr: (?:>-\n((?: {10}.*\n)+)|(.*)\n)/m.exec(alert) ?? [];
      const expression = (folded ?? line ?? '').replaceAll(/\s+/g, ' ').trim();
      expect(problemsOf(expression), alert).toEqual([]);
      expect(alert).toMatch(/^Countersign[A-Z][A-Za-z]+\n/);
      expect(alert).toMatch(/^ {8}labels: \{ severity: (page|ticket) \}$/m);
      expect(alert).toMatch(/^ {10}summary: ".+\."$/m);
    }
  });

  test('each alert rule has its line in docs/operator.md, which says what to do, and no other has one', () => {
    const [, section = ''] = read('docs/operator.md').split('\n### Alerts\n');
    const [table = ''] = section.split('\n## ');
    const told = [...table.matchAll(/^\| `([^`]+)` \| .{20,} \|$/gm)].map(([, name]) => name);
    expect(told).toEqual(alerts.map((alert) => alert.split('\n', 1)[0]));
  });

  test('the alert rules watch for the signs of a theft', () => {
    const asked = alerts.flatMap((alert) =>
      [...alert.matchAll(/countersign_[a-z_]+(?:\{[^}]*\})?/g)].map(([name]) => name),
    );
    expect(asked).toEqual(
      expect.arrayContaining([
        'countersign_proven_logins_refused_total{code="IP_NOT_ALLOWED"}',
        'countersign_decisions_total{reason="ip_not_allowed"}',
        'countersign_changes_total{action="credential.reported_leaked"}',
        'countersign_logins_total{result!="ok"}',
        'countersign_unwritten_denials',
      ]),
    );
  });
});

test.each(['docs/metrics.md', 'docs/operator.md', 'docs/deploying.md', 'README.md', 'SECURITY.md'])(
  '%s names no metric that is not there',
  (path) => {
    const names = [...read(path).matchAll(/\b(?:countersign|nodejs|process)_[a-z_]*[a-z]\b/g)].map(([name]) => name);
    const families = [...metrics.map(({ name }) => name), ...known.keys()];
    const files = ['countersign_upstream_secret'];
    const unknown = names.filter(
      (name) => !families.includes(name) && !known.has(`${name}_bucket`) && !files.includes(name),
    );
    expect(unknown).toEqual([]);
  },
);

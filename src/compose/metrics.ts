// The metrics page: where each figure of a scrape comes from.
import { join } from 'node:path';
import manifest from '../../package.json' with { type: 'json' };
import { leadSeconds, millisOf } from '../domain/time.ts';
import type { MetricsAccess } from '../operator/api.ts';
import { createIsOperator } from '../operator/bearer.ts';
import { DATABASE_FILE } from '../store/database-file.ts';
import { createMetricsPage } from '../telemetry/exposition.ts';
import { signingKeyFigures, storageFigures } from '../telemetry/figures.ts';
import { standardOutput } from '../telemetry/output.ts';
import type { Readiness } from '../telemetry/readiness.ts';
import type { Verifier } from '../verification/verifier.ts';
import type { Authority } from './authority.ts';
import type { Core } from './core.ts';
import type { Explain } from './explain.ts';
import type { Gateway } from './gateway.ts';
import type { Limits } from './limits.ts';
import type { Monitoring } from './monitoring.ts';
import type { Slice } from './slice.ts';

export interface MetricsParts extends Pick<Monitoring, 'counters'> {
  readonly core: Core;
  readonly explainer: Explain['explainer'];
  readonly verifier: Verifier;
  readonly authority: Pick<Authority, 'verifyBearer'>;
  readonly gateway: Pick<Gateway, 'upstream' | 'bodies' | 'answers' | 'marks'>;
  readonly limits: Pick<Limits, 'size'>;
  readonly readiness: Readiness;
}

export function composeMetrics(config: Slice<'data' | 'metrics' | 'signing_keys'>, parts: MetricsParts): MetricsAccess {
  const { core, verifier, authority, gateway, limits, readiness, counters } = parts;
  const { store, clock, live, view, journal, changes } = core;
  const { upstream, bodies, answers, marks } = gateway;
  const page = createMetricsPage({
    counters,
    build: { version: manifest.version, node: process.versions.node },
    readiness,
    log: standardOutput().stats,
    rateLimitKeys: limits.size,
    liveRequests: () => live.size,
    view: view.stats,
    bearerCache: authority.verifyBearer.stats,
    upstream: upstream.stats,
    gatewayMemory: () => ({ bodies, answers }),
    orderMarks: marks && (() => marks.stats(millisOf(clock.now()))),
    audit: journal.stats,
    usage: core.usage.stats,
    explanations: parts.explainer.stats,
    changes: changes.stats,
    changeLog: async () => ({ epoch: store.epoch, position: await store.position() }),
    clockLeadSeconds: () => leadSeconds(clock),
    signingKeys: async () => signingKeyFigures(await store.signingKeys(), clock.now(), config['signing_keys.max_age']),
    storage: () => storageFigures(config['data.folder'], join(config['data.folder'], DATABASE_FILE)),
    verifier: verifier.stats,
  });
  const scraper = config['metrics.token']?.reveal();
  return { page, isScraper: scraper === undefined ? undefined : createIsOperator(scraper) };
}

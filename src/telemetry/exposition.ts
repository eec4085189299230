// The page that Prometheus reads: our table in the text format, then the figures of the process, which prom-client collects and all apps
// of a process share. Our figures are counted elsewhere: prom-client takes 0.3 us to count and 1 us to observe, and cannot be given
// the counts of a histogram.
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { MetricSources } from './metric-sources.ts';
import { type Metric, metrics } from './metrics.ts';
import type { Distribution } from './tally.ts';

export interface MetricsPage {
  readonly contentType: string;
  /** Never rejects: a figure that cannot be read is left out. */
  text(): Promise<string>;
}

export function createMetricsPage(sources: MetricSources): MetricsPage {
  const ofProcess = processRegistry();
  return {
    contentType: ofProcess.contentType,
    text: async () => {
      const own = await Promise.all(metrics.map((metric) => textOf(metric, sources)));
      return `${own.join('\n\n')}\n\n${await ofProcess.metrics()}`;
    },
  };
}

async function textOf(metric: Metric, sources: MetricSources): Promise<string> {
  const { name, help, type } = metric;
  return [`# HELP ${name} ${escaped(help)}`, `# TYPE ${name} ${type}`, ...(await linesOf(metric, sources))].join('\n');
}

async function linesOf(metric: Metric, sources: MetricSources): Promise<readonly string[]> {
  const { name, labels } = metric;
  if (metric.type !== 'histogram') {
    const reading = await readSafely(() => metric.read(sources));
    const rows = typeof reading === 'number' ? [[[], reading] as const] : (reading ?? []);
    return rows.map(([values, figure]) => line(name, labelled(labels, values), figure));
  }
  const reading = await readSafely(() => metric.read(sources));
  const rows = reading === undefined ? [] : 'observe' in reading ? [[[], reading] as const] : reading;
  return rows.flatMap(([values, distribution]) => bucketsOf(name, labelled(labels, values), distribution));
}

type Labels = readonly (readonly [name: string, value: string])[];

// Buckets of the text format are cumulative. A label combination that never came is left out: most of them never do.
function bucketsOf(name: string, labels: Labels, distribution: Distribution): readonly string[] {
  const { bounds, counts, sum } = distribution.read();
  let below = 0;
  const buckets = counts.map((count, i) => {
    below += count;
    return line(`${name}_bucket`, [...labels, ['le', String(bounds[i] ?? '+Inf')]], below);
  });
  if (below === 0 && labels.length > 0) return [];
  return [...buckets, line(`${name}_sum`, labels, sum), line(`${name}_count`, labels, below)];
}

const labelled = (names: readonly string[], values: readonly string[]): Labels =>
  names.map((name, i) => [name, values[i] ?? '']);

function line(name: string, labels: Labels, figure: number): string {
  const pairs = labels.map(([label, value]) => `${label}="${escaped(value).replaceAll('"', '\\"')}"`);
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join()}}`} ${figureText(figure)}`;
}

const escaped = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');

function figureText(figure: number): string {
  if (figure === Number.POSITIVE_INFINITY) return '+Inf';
  return figure === Number.NEGATIVE_INFINITY ? '-Inf' : String(figure);
}

async function readSafely<T>(read: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch {
    // A part that cannot say anything is one of the problems of /readyz; the other figures matter all the more.
    return undefined;
  }
}

let shared: Registry | undefined;

/** Event loop, garbage collection, memory, CPU. Their watchers cannot be taken back, so a process has them once. */
export function processRegistry(): Registry {
  if (shared === undefined) {
    shared = new Registry();
    collectDefaultMetrics({ register: shared });
  }
  return shared;
}

// Reads the text format of Prometheus as strictly as it is specified: what is not a page throws.

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

export interface Page {
  readonly text: string;
  readonly families: ReadonlyMap<string, Family>;
  /** The value of exactly this series; throws when there is none. */
  value(name: string, labels?: Readonly<Record<string, string>>): number;
}

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y;

export function parsePage(text: string): Page {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const families = new Map<string, { type: string; help: string; samples: Sample[] }>();
  const series = new Map<string, number>();
  let current: { name: string; type: string; help: string; samples: Sample[] } | undefined;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [, kind, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (kind === 'HELP') {
      if (families.has(name)) throw new Error(`${name} comes twice`);
      current = { name, type: '', help: rest, samples: [] };
      families.set(name, current);
      continue;
    }
    if (current === undefined) throw new Error(`a sample without HELP: ${line}`);
    if (kind === 'TYPE') {
      if (name !== current.name || current.samples.length > 0) throw new Error(`TYPE out of place: ${line}`);
      current.type = rest;
      continue;
    }
    const sample = parseSample(line);
    const suffixes = current.type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
    const { name: family } = current;
    if (!suffixes.some((suffix) => sample.name === family + suffix)) throw new Error(`not of ${family}: ${line}`);
    const key = keyOf(sample.name, sample.labels);
    if (series.has(key)) throw new Error(`this series comes twice: ${line}`);
    series.set(key, sample.value);
    current.samples.push(sample);
  }
  return {
    text,
    families,
    value(name, labels = {}) {
      const found = series.get(keyOf(name, labels));
      if (found === undefined) throw new Error(`no series ${keyOf(name, labels)}`);
      return found;
    },
  };
}

function parseSample(line: string): Sample {
  const [, name, inner = '', number] = SAMPLE.exec(line) ?? [];
  if (name === undefined || number === undefined || !/^(\+Inf|nan|-?\d+(\.\d+)?(e[+-]?\d+)?)$/i.test(number)) {
    throw new Error(`not a sample: ${line}`);
  }
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  let read = 0;
  while (read < inner.length) {
    const [whole, label = '', value = ''] = LABEL.exec(inner) ?? [];
    if (whole === undefined || label in labels) throw new Error(`not labels: ${line}`);
    labels[label] = value.replaceAll(/\\(["\\n])/g, (_, escaped) => (escaped === 'n' ? '\n' : escaped));
    read += whole.length;
  }
  return { name, labels, value: number === '+Inf' ? Number.POSITIVE_INFINITY : Number(number) };
}

const keyOf = (name: string, labels: Readonly<Record<string, string>>): string =>
  JSON.stringify([name, Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))]);

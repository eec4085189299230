// schemathesis against the openapi.json of a whole service with its demo venue: whatever it sends, with every kind of bearer, must
// be answered, not with a 5xx, and as the document says.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { figureNames } from '../../src/access/figures.ts';
import { builtInFigures } from '../../src/access/own-routes.ts';
import { startService } from '../support/harness.ts';
import { call } from '../support/trader.ts';
import { aliveKinds, type BearerSource, bearers, serveBearers } from './bearers.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));

export interface FuzzOptions {
  /** With exactly what test/support/python/schemathesis.txt names. */
  readonly python: string;
  readonly seconds: number;
  readonly seed: number;
  /** Of each part of the output as it comes. */
  readonly say: (text: string) => void;
}

/** Which operations, which ways of making requests up, and the share of the time. */
interface Part {
  readonly name: string;
  readonly share: number;
  readonly args: readonly string[];
}

const parts: readonly Part[] = [
  { name: 'ours, edge by edge', share: 0.35, args: ['--exclude-tag=Venue', '--phases=examples,coverage'] },
  { name: 'ours, at random', share: 0.35, args: ['--exclude-tag=Venue', '--phases=fuzzing', '--max-examples=30'] },
  { name: "the venue's", share: 0.3, args: ['--include-tag=Venue', '--phases=fuzzing', '--max-examples=8'] },
];

const checks = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
  'allow_header_conformance',
  'missing_required_header',
];

const HIGH = 10_000_000;
/** On, for their headers, and out of the way of the handlers. */
const rateLimits: Readonly<Record<string, string>> = {
  'rate_limit.enabled': 'true',
  'rate_limit.override': figureNames
    .flatMap((name) => [...builtInFigures[name].counts.keys()].map((unit) => `${name}=${HIGH}/${unit}`))
    .join(),
};

/** Sentences about what did not hold; none: everything held. */
export async function fuzz(options: FuzzOptions): Promise<readonly string[]> {
  const service = await startService({
    settings: { ...rateLimits, 'terminal_token.enabled': 'true' },
  });
  const source = await serveBearers(service.url);
  const folder = mkdtempSync(join(tmpdir(), 'countersign-fuzz-'));
  try {
    const failures: string[] = [];
    for (const part of parts) {
      options.say(`fuzz: ${part.name}\n`);
      const code = await schemathesis(service.url, source, folder, part, options);
      if (code !== 0) failures.push(`${part.name}: schemathesis ended with ${code}, see its output`);
      failures.push(...unreached(folder, options.say).map((kind) => `${part.name}: nothing was done as ${kind}`));
    }
    for (const kind of aliveKinds) {
      const jwt = source.kept.get(kind)?.jwt;
      const answer = await call(service.url, 'GET', '/countersign/v1/self', jwt == null ? {} : { bearer: jwt });
      if (answer.status !== 200)
        failures.push(`the bearer of kind ${kind} did not last: ${answer.status} ${answer.text}`);
    }
    return failures;
  } finally {
    source.close();
    await service.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The kinds of bearers that are alive, and with which no request succeeded. */
function unreached(folder: string, say: (text: string) => void): readonly string[] {
  const told = readFileSync(join(folder, 'answers.json'), 'utf8');
  say(`fuzz: answers by bearer and status: ${told}\n`);
  const answers: Record<string, Record<string, number>> = JSON.parse(told);
  return aliveKinds.filter((kind) => !Object.keys(answers[kind] ?? {}).some((status) => status.startsWith('2')));
}

function schemathesis(
  url: string,
  source: BearerSource,
  folder: string,
  { share, args }: Part,
  { python, seconds, seed, say }: FuzzOptions,
): Promise<number | string> {
  const child = spawn(
    python,
    [
      '-m',
      'schemathesis.cli',
      '--no-color',
      'run',
      `${url}/openapi.json`,
      ...args,
      `--checks=${checks.join()}`,
      `--seed=${seed}`,
      `--max-time=${Math.max(1, Math.round(seconds * share))}`,
      '--continue-on-failure',
      '--warnings=off',
      '--request-timeout=30',
      '--generation-with-security-parameters=false',
      '--generation-database=none',
      '--suppress-health-check=all',
    ],
    {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        SCHEMATHESIS_HOOKS: 'bearers',
        PYTHONPATH: HERE,
        PYTHONDONTWRITEBYTECODE: '1',
        FUZZ_BEARERS: Object.keys(bearers).join(),
        FUZZ_BEARER_SOURCE: source.url,
      },
    },
  );
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', say);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code ?? String(signal)));
  });
}

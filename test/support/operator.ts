// Asking the operator API of a running service, by itself and through the commands.
import { join } from 'node:path';
import { vi } from 'vitest';
import { runCommand } from '../../src/cli/run.ts';
import type { Service } from './harness.ts';
import { type Answer, call } from './trader.ts';

type At = Pick<Service, 'operatorUrl' | 'operatorToken'>;

export const operate = (
  { operatorUrl, operatorToken }: At,
  method: string,
  path: string,
  body?: unknown,
): Promise<Answer> =>
  call(operatorUrl, method, `/operator/v1${path}`, {
    bearer: operatorToken,
    ...(body === undefined ? {} : { body }),
  });

/** A command that must succeed. */
export async function command(service: At, path: string, body?: unknown): Promise<Answer> {
  const answer = await operate(service, 'POST', path, body);
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.text}`);
  return answer;
}

export interface ListedKey {
  readonly kid: string;
  readonly use: string;
  readonly state: string;
}

export async function signingKeys(service: At): Promise<readonly ListedKey[]> {
  const answer = await operate(service, 'GET', '/signing-keys');
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
  return answer.json.results.map(({ kid, use, state }: ListedKey) => ({ kid, use, state }));
}

/** Every row of the audit log, or those the query selects. */
export async function auditRows(service: At, query = ''): Promise<readonly Record<string, unknown>[]> {
  const answer = await operate(service, 'GET', `/audit${query}`);
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
  return answer.text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** Rows that are written up to a second after what they are about, at whatever place that is: whether one stands there yet is chance. */
export const isLate = ({ action }: Record<string, unknown>): boolean =>
  action === 'login' || action === 'login.refused' || action === 'ending.receipt';

/** One command on the data and the master key of a folder. */
export async function run(command: string, folder: string, ...argv: string[]) {
  const printed = { out: '', err: '' };
  const into = (name: keyof typeof printed) => (text: string | Uint8Array, told?: unknown) => {
    printed[name] += Buffer.from(text).toString();
    if (typeof told === 'function') told();
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(into('out'));
  vi.spyOn(process.stderr, 'write').mockImplementation(into('err'));
  try {
    const code = await runCommand([
      command,
      ...argv,
      `--data=${join(folder, 'data')}`,
      `--master_key.file=${join(folder, 'master.key')}`,
    ]);
    return { code, ...printed };
  } finally {
    vi.restoreAllMocks();
  }
}

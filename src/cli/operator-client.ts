// Commands use the operator API of the server that holds the data, or, when none runs, one of their own until they end. The token is sent
// only to the holder of the lock.
import { startOperatorAlone } from '../compose/operator.ts';
import { operatorToken } from '../compose/operator-token.ts';
import type { LoadedConfig } from '../config/load.ts';
import { StoreLocked } from '../errors.ts';
import { findOperator, type OperatorAddress, operatorAddress } from './operator-call.ts';
import type { TypedSettings } from './program.ts';
import { type ExitCode, NotReachable, Refused, readSettings, reporting } from './reporting.ts';

export interface Operator {
  /** The answer's text, as it came. Throws Refused for any status but 2xx, NotReachable when there is no answer. */
  ask(method: 'GET' | 'POST', path: string, body?: unknown): Promise<string>;
  /** The same for an answer of any length, piece by piece. */
  stream(path: string, method?: 'GET' | 'POST'): AsyncGenerator<Uint8Array>;
}

/** What a command asks, once its arguments were understood. */
export interface Task {
  readonly settings: TypedSettings;
  /** Works also while nobody can say that the machine's clock is right. */
  readonly anyClock?: boolean;
  work(operator: Operator): Promise<void>;
}

const ANSWER_MS = 30_000;

/** Runs one command against the operator API. Whatever goes wrong becomes one sentence and an exit code. */
export async function withOperator(command: string, prepare: () => Task): Promise<ExitCode> {
  return reporting(command, async () => {
    const { settings, anyClock = false, work } = prepare();
    const { operator, stop } = await reach(readSettings(settings), anyClock);
    await work(operator).catch(async (error: unknown) => {
      // The first failure is the one to report.
      await stop().catch(() => undefined);
      throw error;
    });
    await stop();
  });
}

async function reach(
  loaded: LoadedConfig,
  anyClock: boolean,
): Promise<{ operator: Operator; stop: () => Promise<void> }> {
  // Try the lock first: its holder is the server. A port that a dead server left may be another program's by now.
  const alone = await startOperatorAlone(loaded, { anyClock }).catch((error: unknown) => {
    if (error instanceof StoreLocked) return undefined;
    throw error;
  });
  if (alone !== undefined) return { operator: operatorAt(operatorAddress(alone.url), alone.token), stop: alone.stop };
  const { config } = loaded;
  const address = findOperator(config['data.folder']);
  if (address === undefined) {
    throw new NotReachable(
      `a server or another command holds ${config['data.folder']}, and has not said where its operator API answers; try again when that command is done`,
    );
  }
  return { operator: operatorAt(address, operatorToken(config, { mayCreate: false })), stop: async () => undefined };
}

function operatorAt(address: OperatorAddress, token: string): Operator {
  async function request(method: string, path: string, body: unknown, signal: AbortSignal | null): Promise<Response> {
    const headers = { Authorization: `Bearer ${token}` };
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await address.call(path, { method, signal, headers, ...sent }).catch((cause: unknown) => {
      throw new NotReachable(`the server does not answer at ${address.shown}`, { cause });
    });
    if (!response.ok) throw new Refused(messageIn(await response.text()) ?? `the server answered ${response.status}`);
    return response;
  }

  return {
    async ask(method, path, body) {
      return (await request(method, path, body, AbortSignal.timeout(ANSWER_MS))).text();
    },
    async *stream(path, method = 'GET') {
      const response = await request(method, path, undefined, null);
      try {
        if (response.body !== null) yield* response.body;
      } catch (cause) {
        throw new NotReachable(`the answer of the server at ${address.shown} broke off`, { cause });
      }
    },
  };
}

function messageIn(text: string): string | undefined {
  try {
    const { message } = { message: undefined, ...JSON.parse(text) };
    return typeof message === 'string' ? message : undefined;
  } catch {
    return undefined;
  }
}

// paradex-py in a Python of its own, called over lines of JSON: paradex_client.py says what a line may ask.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('paradex_client.py', import.meta.url));

/** As its constructor takes it. Amounts are the texts that Decimals are made of. */
export interface PythonOrder {
  readonly market: string;
  readonly order_type: string;
  readonly order_side: string;
  readonly size: string;
  readonly limit_price?: string;
  readonly trigger_price?: string;
  readonly client_id?: string;
  readonly order_id?: string;
  readonly signature_timestamp?: number;
  readonly reduce_only?: boolean;
}

export interface MadeClient {
  readonly address: string;
  readonly public_key: string;
  readonly can_withdraw: boolean;
}

export interface ParadexPy {
  /** One of the library's classes, with its own arguments; it logs in as it is made. */
  make(as: string, kind: string, settings?: Readonly<Record<string, unknown>>): Promise<MadeClient>;
  /** A method of its api_client, or with `client.` before it of itself. Rejects with the error that it raised. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read members of answers whose shape is what they assert.
  call(on: string, method: string, ...args: readonly unknown[]): Promise<any>;
  stop(): Promise<void>;
}

export function startParadexPy(python: string, url: string): ParadexPy {
  const child = spawn(python, [script, url], { stdio: ['pipe', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-10_000);
  });
  // Whoever asks is told by the end of its output.
  child.stdin.on('error', () => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  let last: Promise<unknown> = Promise.resolve();

  async function ask(asked: object): Promise<unknown> {
    child.stdin.write(`${JSON.stringify(asked)}\n`);
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`Python ended: ${stderr}`);
    const { result, error } = JSON.parse(value);
    if (error !== undefined) throw new Error(error);
    return result;
  }

  // One at a time: the answers have no names.
  const inTurn = (asked: object): Promise<unknown> => {
    const answered = last.then(() => ask(asked));
    last = answered.catch(() => undefined);
    return answered;
  };

  return {
    make: (as, kind, settings = {}) => inTurn({ make: kind, as, with: settings }) as Promise<MadeClient>,
    call: (on, method, ...args) => inTurn({ on, call: method, with: args }),
    async stop() {
      child.stdin.end();
      await ended;
    },
  };
}

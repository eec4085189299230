// The main key as the page has it: a handle on the worker that holds it.
import type { Auth } from '../../src/client/auth.ts';
import type { MainKey, StarkSignature } from '../../src/client/main-key.ts';
import { mainKey } from '../../src/client/stark-auth.ts';
import { createSecret, type Secret } from '../app/secret.ts';
import type { Ask, Told } from './main-key-messages.ts';
import { MainKeyRefused } from './main-key-refused.ts';
import { startMainKeyWorker } from './start-worker.ts';

/** Everything rejects with MainKeyRefused alone, whose message is for the person. */
export interface MainKeyHandle {
  /** Of the key in use; undefined before there is one. */
  readonly publicKey: string | undefined;
  readonly closed: boolean;
  /** How it came here; undefined before there is one. */
  readonly from: 'pasted' | 'made' | 'derived' | undefined;
  /** A pasted key, hex. `not`: texts that are none, as the account's own address. Before anything is signed it replaces the last one. */
  load(text: string, options?: { readonly not?: readonly string[] }): Promise<{ readonly publicKey: string }>;
  make(): Promise<{ readonly publicKey: string }>;
  /** Of a wallet's signature of 65 bytes, `0x` hex: one key, or two to choose from with `use`. */
  derive(signature: string): Promise<{ readonly publicKeys: readonly string[] }>;
  use(publicKey: string): Promise<void>;
  /** Left out: the server is asked which account it is. It is fixed with the first signature. */
  auth(account?: string): Auth;
  /** Of a made or derived key, before `saved`. */
  reveal(): Promise<Secret>;
  saved(): Promise<void>;
  /** Ends the worker, and the key with it. */
  close(): void;
}

const open = new Set<MainKeyHandle>();

export function closeAllMainKeys(): void {
  for (const key of [...open]) key.close();
}

/** A worker without a key. */
let ready: Worker | undefined;

/**
 * Starts a worker before there is a key for it: where the network fails meanwhile, the key that is pasted has its room all the same. The result
 * ends it, unless a key came.
 */
export function readyMainKey(): () => void {
  const worker = startMainKeyWorker();
  const end = (): void => {
    if (ready !== worker) return;
    ready = undefined;
    worker.terminate();
  };
  ready?.terminate();
  ready = worker;
  worker.addEventListener('error', end);
  return end;
}

function takeWorker(): Worker {
  const worker = ready ?? startMainKeyWorker();
  ready = undefined;
  return worker;
}

export function openMainKey(): MainKeyHandle {
  const worker = takeWorker();
  const waiting = new Map<number, { resolve(value: readonly string[]): void; reject(error: MainKeyRefused): void }>();
  let [last, closed] = [0, false];
  let publicKey: string | undefined;
  let from: MainKeyHandle['from'];

  const end = (): void => {
    closed = true;
    publicKey = undefined;
    worker.terminate();
    for (const { reject } of waiting.values()) reject(new MainKeyRefused('broken'));
    waiting.clear();
    open.delete(handle);
  };
  worker.addEventListener('error', end);
  worker.addEventListener('messageerror', end);
  worker.addEventListener('message', ({ data }: MessageEvent<Told>) => {
    const asked = waiting.get(data.id);
    waiting.delete(data.id);
    if (data.is === 'done') asked?.resolve(data.value);
    else asked?.reject(new MainKeyRefused(data.because));
  });

  const tell = (ask: Ask): Promise<readonly string[]> =>
    new Promise((resolve, reject) => {
      if (closed) return reject(new MainKeyRefused('no-key'));
      last += 1;
      waiting.set(last, { resolve, reject });
      worker.postMessage({ id: last, ask });
    });
  const one = async (ask: Ask): Promise<{ readonly publicKey: string }> => {
    const [only = ''] = await tell(ask);
    publicKey = only;
    return { publicKey: only };
  };
  const signature = async (ask: Ask): Promise<StarkSignature> => {
    const [r = '', s = ''] = await tell(ask);
    return [r, s];
  };

  const handle: MainKeyHandle = {
    get publicKey() {
      return publicKey;
    },
    get closed() {
      return closed;
    },
    get from() {
      return from;
    },
    load(text, { not = [] } = {}) {
      from = 'pasted';
      return one({ op: 'load', text, not });
    },
    make() {
      from = 'made';
      return one({ op: 'make' });
    },
    async derive(text) {
      from = 'derived';
      publicKey = undefined;
      const publicKeys = await tell({ op: 'derive', signature: text });
      if (publicKeys.length === 1) [publicKey] = publicKeys;
      return { publicKeys };
    },
    async use(chosen) {
      await tell({ op: 'use', publicKey: chosen });
      publicKey = chosen;
    },
    auth(account) {
      if (publicKey === undefined) throw new MainKeyRefused('no-key');
      const key: MainKey = {
        publicKey,
        request: (statement) => signature({ op: 'request', statement }),
        onboarding: (statement) => signature({ op: 'onboarding', statement }),
        registration: (statement) => signature({ op: 'registration', statement }),
      };
      return mainKey(key, account === undefined ? {} : { account });
    },
    async reveal() {
      const [text = ''] = await tell({ op: 'reveal' });
      return createSecret(text);
    },
    async saved() {
      await tell({ op: 'saved' });
    },
    close: end,
  };
  open.add(handle);
  return handle;
}

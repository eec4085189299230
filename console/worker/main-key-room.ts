// What the worker of the main key does: it holds the key, signs the three statements of an owner at the console, and no hash, no order, no
// emergency. A script in the page that got hold of the worker can have no more than that.
import { type MainKey, mainKeyOf, type RequestStatement } from '../../src/client/main-key.ts';
import { importedPrivateKey, privateKeysOfSignature, randomPrivateKey } from '../../src/client/private-key.ts';
import { createStarkKey } from '../../src/client/stark-key.ts';
import type { Ask, Refused } from './main-key-messages.ts';

/** It says nothing of the key. */
export class RoomRefused extends Error {
  readonly because: Refused;

  constructor(because: Refused) {
    super(because);
    this.because = because;
  }
}

/** Longer than any client of this project signs for. */
const LONGEST_WINDOW_S = 900;

interface Held {
  readonly key: MainKey;
  /** Undefined when it was pasted, or is saved: the page is never told it. */
  text: string | undefined;
}

export interface MainKeyRoom {
  /** Rejects with RoomRefused alone. */
  answer(ask: Ask): Promise<readonly string[]>;
}

export function createMainKeyRoom(): MainKeyRoom {
  let held: Held | undefined;
  /** Of a wallet's signature, until one is chosen. */
  let choice: readonly Held[] = [];
  /** Of the first statement that was signed: no other account or chain follows, and no other key. */
  let bound: { readonly account: bigint; chainId: string | undefined } | undefined;

  const begin = (keys: readonly Held[]): readonly string[] => {
    if (bound !== undefined) refuse('other-key');
    [held, choice] = keys.length === 1 ? [keys[0], []] : [undefined, keys];
    return keys.map(({ key }) => key.publicKey);
  };
  const current = (): Held => held ?? refuse('no-key');

  function bind(accountText: string, chainId: string | undefined): void {
    const account = numberOf(accountText) ?? refuse('not-signed');
    if (bound !== undefined && bound.account !== account) refuse('other-account');
    if (chainId !== undefined && bound?.chainId !== undefined && bound.chainId !== chainId) refuse('not-signed');
    bound = { account, chainId: bound?.chainId ?? chainId };
  }

  async function done(ask: Ask): Promise<readonly string[]> {
    switch (ask.op) {
      case 'load':
        return begin([{ key: loaded(ask.text, ask.not), text: undefined }]);
      case 'make':
        return begin([shown(randomPrivateKey())]);
      case 'derive':
        return begin(derived(ask.signature));
      case 'use': {
        if (held?.key.publicKey === ask.publicKey) return [];
        if (bound !== undefined) refuse('other-key');
        held = choice.find(({ key }) => key.publicKey === ask.publicKey) ?? refuse('no-key');
        choice = [];
        return [];
      }
      case 'request': {
        const { key } = current();
        const { account, chainId, purpose, timestamp, expiration } = ask.statement;
        if (purpose !== 'login' || typeof chainId !== 'string' || !isWindow(timestamp, expiration))
          refuse('not-signed');
        bind(account, chainId);
        const statement: RequestStatement = { account, chainId, purpose, timestamp, expiration };
        return key.request(statement);
      }
      case 'onboarding': {
        const { key } = current();
        const { account, chainId } = ask.statement;
        if (typeof chainId !== 'string') refuse('not-signed');
        bind(account, chainId);
        return key.onboarding({ account, chainId });
      }
      case 'registration': {
        const { key } = current();
        const { account, publicKey, timestamp, expiry } = ask.statement;
        if (numberOf(publicKey) === undefined || !isWindow(timestamp, expiry)) refuse('not-signed');
        bind(account, undefined);
        return key.registration({ account, publicKey, timestamp, expiry });
      }
      case 'reveal':
        return [current().text ?? refuse('not-shown')];
      case 'saved':
        current().text = undefined;
        return [];
      default:
        return refuse('not-signed');
    }
  }

  return {
    async answer(ask) {
      try {
        return await done(ask);
      } catch (error) {
        // Whatever else was thrown may say what it was thrown for.
        throw error instanceof RoomRefused ? error : new RoomRefused('not-signed');
      }
    },
  };
}

function refuse(because: Refused): never {
  throw new RoomRefused(because);
}

const shown = (text: string): Held => ({ key: mainKeyOf(createStarkKey(text)), text });

function loaded(text: string, not: readonly string[]): MainKey {
  const bare = text.trim();
  // Longer than any of them, and of the form that wallets export: as a number it is no Stark key, but as an Ethereum key it may be one.
  const otherwise = /^0x[0-9a-fA-F]{64}$/.test(bare) ? 'ethereum-key' : 'no-private-key';
  const key = madeOr(otherwise, () => importedPrivateKey(bare));
  const made = mainKeyOf(createStarkKey(key));
  const isPublic = not.some((one) => numberOf(one) === BigInt(key));
  return isPublic ? refuse('public') : made;
}

const derived = (signature: string): readonly Held[] =>
  madeOr('no-signature', () => privateKeysOfSignature(signature)).map(shown);

function madeOr<Made>(because: Refused, make: () => Made): Made {
  try {
    return make();
  } catch {
    return refuse(because);
  }
}

/** Unix seconds. */
const isWindow = (from: number, to: number): boolean =>
  Number.isSafeInteger(from) && Number.isSafeInteger(to) && from > 0 && to > from && to - from <= LONGEST_WINDOW_S;

const numberOf = (hex: unknown): bigint | undefined =>
  typeof hex === 'string' && /^0x[0-9a-fA-F]{1,64}$/.test(hex) ? BigInt(hex) : undefined;

// A client of the main key or the wallet for one action: its session is on one request, and is gone with it.
import type { Auth } from '../../../src/client/auth.ts';
import { type Client, createClient } from '../../../src/client/create-client.ts';
import type { Eip1193Provider } from '../../../src/client/eip1193.ts';
import { wallet } from '../../../src/client/wallet-auth.ts';
import type { HeldOwner } from '../session/types.ts';
import { eachOnce } from './bearer-once.ts';
import { patient } from './patient-wallet.ts';

export type OwnerStep = 'signing' | 'waiting-for-wallet' | 'sending';

export interface OwnerClient {
  readonly client: Client;
  readonly auth: Auth;
}

/** `account`: left out, the server is asked which it is. */
export function clientOfOwner(
  owner: HeldOwner,
  {
    account,
    onStep = () => undefined,
  }: { readonly account?: string; readonly onStep?: (step: OwnerStep) => void } = {},
): OwnerClient {
  const signing = owner.by === 'key' ? owner.key.auth(account) : walletAuth(owner.provider, owner.address, onStep);
  const auth: Auth = { ...signing, ...told(signing, owner.by === 'key' ? 'signing' : undefined, onStep) };
  return { auth, client: createClient({ url: location.origin, auth, ...eachOnce(globalThis.fetch) }) };
}

/** Says when it signs, and when that is done. */
function told(auth: Auth, before: OwnerStep | undefined, onStep: (step: OwnerStep) => void): Partial<Auth> {
  const saying = async <T>(act: () => Promise<T>): Promise<T> => {
    if (before !== undefined) onStep(before);
    const done = await act();
    onStep('sending');
    return done;
  };
  const { consentTo } = auth;
  return {
    signIn: (server) => saying(() => auth.signIn(server)),
    ...(consentTo === undefined
      ? {}
      : { consentTo: (publicKey, server, signal) => saying(() => consentTo(publicKey, server, signal)) }),
  };
}

function walletAuth(provider: Eip1193Provider, address: string, onStep: (step: OwnerStep) => void): Auth {
  const waiting = patient(provider);
  const asking: Eip1193Provider = {
    async request(request) {
      if (request.method !== 'personal_sign') return waiting.request(request);
      onStep('waiting-for-wallet');
      const signed = await waiting.request(request);
      onStep('sending');
      return signed;
    },
  };
  return wallet(asking, { address });
}

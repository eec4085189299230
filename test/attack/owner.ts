// Accounts made at the target for this run, with keys of their own: whoever attacks has at least one, and so has who is attacked.
import { orderBody } from '../../src/client/order.ts';
import {
  loginHeaders,
  onboardingHeaders,
  registrationProof,
  type SigningWindow,
  windowFrom,
} from '../../src/client/sign-in.ts';
import { createStarkKey, randomStarkPrivateKey, type StarkKey } from '../../src/client/stark-key.ts';
import { settingOf } from '../../src/config/schema.ts';
import type { AccountId } from '../../src/domain/credential.ts';
import { starknetAccountAddress } from '../../src/starknet/address.ts';
import { createMessageHasher } from '../../src/starknet/message.ts';
import { curve } from '../support/curve.ts';
import { type Answer, call } from '../support/trader.ts';

export type Body = Readonly<Record<string, unknown>>;

export interface Owner {
  readonly account: AccountId;
  readonly key: StarkKey;
  /** The bearer of a session of the main key. */
  readonly session: string;
  /** A login to this account, by its main key or another. */
  logIn(key?: StarkKey, window?: SigningWindow): Promise<Answer>;
  /** From now on, for so many seconds. */
  newWindow(seconds?: number): SigningWindow;
  /** A fresh subkey, registered and blessed. */
  registerSubkey(allowedCidrs?: readonly string[]): Promise<StarkKey>;
  /** The body of an order that is in order, signed by the main key or another; each is another order. */
  order(key?: StarkKey): Body;
}

const expected = (answer: Answer, status: number, what: string): Answer => {
  if (answer.status !== status) throw new Error(`${what}: ${answer.status} ${answer.text}`);
  return answer;
};

/** Makes accounts at the server. Throws where it is not open to new ones, or where its domain name is not the default. */
export async function ownersAt(url: string): Promise<() => Promise<Owner>> {
  const { json: config } = expected(await call(url, 'GET', '/v1/system/config'), 200, 'the configuration');
  const hasher = createMessageHasher(curve, {
    domainName: settingOf['wire.domain_name'].default,
    chainId: String(config.starknet_chain_id),
  });
  const classes = { accountHash: config.paraclear_account_hash, proxyHash: config.paraclear_account_proxy_hash };
  const newWindow = (seconds = 600) => windowFrom(Date.now(), seconds);
  let orders = 0;

  return async () => {
    const key = createStarkKey(randomStarkPrivateKey());
    const account = starknetAccountAddress(curve, key.publicKey, classes);
    const headers = onboardingHeaders(hasher, key, account);
    const body = { public_key: key.publicKey };
    expected(await call(url, 'POST', '/v1/onboarding', { headers, body }), 200, 'onboarding');

    const logIn = (signer = key, window = newWindow()): Promise<Answer> =>
      call(url, 'POST', signer === key ? '/v1/auth' : `/v1/auth/${signer.publicKey}`, {
        headers: loginHeaders(hasher, signer, account, window),
      });
    const session = String(expected(await logIn(), 200, 'login').json.jwt_token);
    return {
      account,
      key,
      session,
      logIn,
      newWindow,
      async registerSubkey(allowedCidrs) {
        const subkey = createStarkKey(randomStarkPrivateKey());
        const answer = await call(url, 'POST', '/v1/account/keys/subkeys', {
          bearer: session,
          body: {
            name: 'attack',
            public_key: subkey.publicKey,
            ...(allowedCidrs === undefined ? {} : { allowed_cidrs: allowedCidrs }),
            ...registrationProof(curve, key, account, subkey.publicKey, newWindow()),
          },
        });
        expected(answer, 201, 'registration');
        return subkey;
      },
      order(signer = key) {
        orders += 1;
        const terms = {
          market: 'BTC-USD-PERP',
          side: 'BUY',
          type: 'LIMIT',
          size: '0.001',
          price: String(1000 + orders),
        } as const;
        return { ...orderBody(curve, hasher, signer, account, terms, Date.now()), instruction: 'GTC' };
      },
    };
  };
}

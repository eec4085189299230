// Accounts of their own keys, and everything they sign, made before any clock starts: signing costs far more than what is measured.
import { Point } from '@scure/starknet';
import { loginHeaders, onboardingHeaders, type SigningWindow, windowFrom } from '../../src/client/sign-in.ts';
import { createStarkKey, randomStarkPrivateKey, type StarkKey } from '../../src/client/stark-key.ts';
import { settingOf } from '../../src/config/schema.ts';
import type { AccountId } from '../../src/domain/credential.ts';
import { starknetAccountAddress } from '../../src/starknet/address.ts';
import { scureCurve } from '../../src/starknet/curve.ts';
import { loadStarkEngine } from '../../src/starknet/engine/load.ts';
import { createMessageHasher } from '../../src/starknet/message.ts';

const loaded = loadStarkEngine({ fallback: scureCurve, tableBytes: 0 });
const curve = loaded.kind === 'engine' ? loaded.engine : scureCurve;
const hasher = createMessageHasher(curve, {
  domainName: settingOf['wire.domain_name'].default,
  chainId: settingOf['wire.starknet_chain_id'].default,
});
const classes = {
  accountHash: settingOf['wire.paraclear_account_hash'].default,
  proxyHash: settingOf['wire.paraclear_account_proxy_hash'].default,
};

export interface Signer {
  readonly key: StarkKey;
  readonly account: AccountId;
}

/** The library makes large tables at its first use; nobody should wait for that later. */
Point.BASE.multiply(3n);

export function createSigner(): Signer {
  const key = createStarkKey(randomStarkPrivateKey());
  return { key, account: starknetAccountAddress(curve, key.publicKey, classes) };
}

export const validFor = (seconds: number, age = 0): SigningWindow => windowFrom(Date.now() - age * 1000, seconds);

/** The headers of a login to `account`, signed by `key`, which need not be one of its keys. */
export const loginBy = (key: StarkKey, account: AccountId, window: SigningWindow): Record<string, string> =>
  loginHeaders(hasher, key, account, window);

/** Makes the account known to a running server. */
export async function onboard(url: string, { key, account }: Signer): Promise<void> {
  const response = await fetch(`${url}/v1/onboarding`, {
    method: 'POST',
    headers: { ...onboardingHeaders(hasher, key, account), 'Content-Type': 'application/json' },
    body: JSON.stringify({ public_key: key.publicKey }),
  });
  if (response.status !== 200) throw new Error(`onboarding: ${response.status} ${await response.text()}`);
}

/** A session of the account's main key. */
export async function signIn(url: string, { key, account }: Signer): Promise<string> {
  const response = await fetch(`${url}/v1/auth`, {
    method: 'POST',
    headers: loginBy(key, account, validFor(600)),
  });
  if (response.status !== 200) throw new Error(`login: ${response.status} ${await response.text()}`);
  return String(JSON.parse(await response.text()).jwt_token);
}

/** A whole HTTP/1.1 login as a trading client writes one; `from` is the address that a proxy in front would name. */
export function loginText(headers: Record<string, string>, options: { path?: string; from?: string } = {}): string {
  const lines = Object.entries({
    Host: 'localhost',
    'User-Agent': 'countersign-bench',
    Accept: 'application/json',
    'Content-Type': 'application/json',
    'Content-Length': '0',
    ...(options.from === undefined ? {} : { 'X-Forwarded-For': options.from }),
    ...headers,
  });
  return `POST ${options.path ?? '/v1/auth'} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}

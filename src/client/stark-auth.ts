// Proves itself by a Stark key: the main key, which is the account, or a subkey of it. The key may live elsewhere: its signer is asked.
import { parseFelt } from '../domain/felt.ts';
import { unixSeconds } from '../domain/time.ts';
import { type RequestPurpose, registrationHash } from '../starknet/message.ts';
import { scurePedersen } from '../starknet/scure-pedersen.ts';
import { accountOf, lookedUp } from './account-id.ts';
import { askedOnce } from './asked-once.ts';
import type { Auth, StarkSigner } from './auth.ts';
import type { Server } from './call.ts';
import { bearerIn } from './not-countersign.ts';
import { signatureHeaders, windowFrom, windowHeaders } from './sign-in.ts';
import { createStarkKey } from './stark-key.ts';

/** Within what every server accepts. */
const SIGNED_FOR_S = 300;
/** Two processes of one key that sign in the same second send two signatures: a server may accept each but once. */
const APART_S = 60;

const newWindow = (nowMs: number) => windowFrom(nowMs, SIGNED_FOR_S + Math.floor(Math.random() * APART_S));

/** A main key, `0x` hex in [1, N). Without `account`, the server is asked which it is. RangeError for what is no private key. */
export const starkKey = (privateKey: string, options: { readonly account?: string } = {}): Auth =>
  mainSigner(createStarkKey(privateKey), options);

/** A subkey of `account`. RangeError for what is no private key, TypeError for what is no account. */
export const subkey = (privateKey: string, account: string): Auth => subkeySigner(createStarkKey(privateKey), account);

/** A main key that lives elsewhere: in a worker, in hardware. */
export function mainSigner(signer: StarkSigner, { account: given }: { readonly account?: string } = {}): Auth {
  const publicKey = publicKeyOf(signer);
  const known = given === undefined ? undefined : accountOf(given);
  const account = accountOn((server) =>
    known !== undefined
      ? Promise.resolve(known)
      : lookedUp(server, { account_signer_type: 'starknet', public_key: publicKey }),
  );
  return {
    account,
    signIn: (server) => signIn(server, signer, account),
    signer,
    async onboarding(server) {
      const of = await account(server);
      const signature = await signer.sign((await server.hasher()).onboardingHash(of));
      return {
        path: '/v1/onboarding',
        headers: { 'PARADEX-ETHEREUM-ACCOUNT': '0x0', ...signatureHeaders(of, signature) },
        body: { public_key: publicKey },
      };
    },
    async consentTo(subkey, server) {
      const { timestamp, expiration } = newWindow(await server.signingTime());
      const hash = registrationHash(scurePedersen, {
        account: await account(server),
        publicKey: publicKeyOf({ publicKey: subkey }),
        timestamp: unixSeconds(timestamp),
        expiry: unixSeconds(expiration),
      });
      if (hash === undefined) throw new RangeError('these values must not be signed');
      const signature = await signer.sign(hash);
      return { signature, signature_timestamp: timestamp, signature_expiry: expiration };
    },
    emergencyHeaders: (purpose, server) => requestHeaders(server, signer, account, purpose),
  };
}

/** A subkey that lives elsewhere. */
export function subkeySigner(signer: StarkSigner, account: string): Auth {
  publicKeyOf(signer);
  const of = accountOf(account);
  return {
    account: async () => of,
    signIn: (server) => signIn(server, signer, async () => of),
    signer,
  };
}

type AccountOn = (server: Server) => Promise<ReturnType<typeof accountOf>>;

/** Asks each server once, as long as it is the last one asked. */
function accountOn(ask: AccountOn): AccountOn {
  let last:
    | { readonly server: Server; readonly account: ReturnType<typeof askedOnce<ReturnType<typeof accountOf>>> }
    | undefined;
  return (server) => {
    if (last?.server !== server) last = { server, account: askedOnce(() => ask(server)) };
    return last.account();
  };
}

async function signIn(server: Server, signer: StarkSigner, account: AccountOn): Promise<{ readonly bearer: string }> {
  return server.signedAt(async () => {
    const answer = await server.call({
      method: 'POST',
      path: `/v1/auth/${signer.publicKey}`,
      headers: await requestHeaders(server, signer, account, 'login'),
    });
    return { bearer: bearerIn(answer) };
  });
}

async function requestHeaders(
  server: Server,
  signer: StarkSigner,
  account: AccountOn,
  purpose: RequestPurpose,
): Promise<Record<string, string>> {
  const [of, hasher] = await Promise.all([account(server), server.hasher()]);
  const window = newWindow(await server.signingTime());
  const hash = hasher.loginHash({
    account: of,
    purpose,
    timestamp: unixSeconds(window.timestamp),
    expiration: unixSeconds(window.expiration),
  });
  return windowHeaders(of, await signer.sign(hash), window);
}

function publicKeyOf({ publicKey }: Pick<StarkSigner, 'publicKey'>) {
  const felt = parseFelt(publicKey);
  if (felt === undefined) throw new TypeError('not a Stark public key: 0x hex');
  return felt;
}

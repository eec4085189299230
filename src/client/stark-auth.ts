// Proves itself by a Stark key: the main key, which is the account, or a subkey of it. The key may live elsewhere: its signer is asked.
import { type Felt, parseFelt } from '../domain/felt.ts';
import { unixSeconds } from '../domain/time.ts';
import type { RequestPurpose } from '../starknet/message.ts';
import { accountOf, lookedUp } from './account-id.ts';
import { askedOnce } from './asked-once.ts';
import type { Auth, StarkSigner } from './auth.ts';
import type { Server } from './call.ts';
import { type MainKey, mainKeyOf, type StarkSignature } from './main-key.ts';
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

/** A main key that lives elsewhere, and signs the hashes that it is handed: hardware. */
export const mainSigner = (signer: StarkSigner, options: { readonly account?: string } = {}): Auth => ({
  ...mainKey(mainKeyOf(signer), options),
  signer,
});

/** A main key that lives elsewhere, and builds what it signs: a worker. It signs no order. */
export function mainKey(key: MainKey, { account: given }: { readonly account?: string } = {}): Auth {
  const publicKey = publicKeyOf(key);
  const known = given === undefined ? undefined : accountOf(given);
  const account = accountOn((server) =>
    known !== undefined
      ? Promise.resolve(known)
      : lookedUp(server, { account_signer_type: 'starknet', public_key: publicKey }),
  );
  const signed: SignRequest = async (server, message) => key.request({ ...message, chainId: await chainIdOf(server) });
  return {
    account,
    signIn: (server) => signIn(server, key.publicKey, signed, account),
    async onboarding(server) {
      const of = await account(server);
      const signature = await key.onboarding({ account: of, chainId: await chainIdOf(server) });
      return {
        path: '/v1/onboarding',
        headers: { 'PARADEX-ETHEREUM-ACCOUNT': '0x0', ...signatureHeaders(of, signature) },
        body: { public_key: publicKey },
      };
    },
    async consentTo(subkey, server) {
      const { timestamp, expiration } = newWindow(await server.signingTime());
      const registration = {
        account: await account(server),
        publicKey: publicKeyOf({ publicKey: subkey }),
        timestamp,
        expiry: expiration,
      };
      const signature = await key.registration(registration);
      return { signature, signature_timestamp: timestamp, signature_expiry: expiration };
    },
    emergencyHeaders: (purpose, server) => requestHeaders(server, signed, account, purpose),
  };
}

const chainIdOf = async (server: Server): Promise<string> => (await server.config()).starknet_chain_id;

/** A subkey that lives elsewhere. */
export function subkeySigner(signer: StarkSigner, account: string): Auth {
  publicKeyOf(signer);
  const of = accountOf(account);
  return {
    account: async () => of,
    signIn: (server) => signIn(server, signer.publicKey, signedBy(signer), async () => of),
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

interface RequestToSign {
  readonly account: Felt;
  readonly purpose: RequestPurpose;
  /** Unix seconds. */
  readonly timestamp: number;
  readonly expiration: number;
}

type SignRequest = (server: Server, message: RequestToSign) => Promise<StarkSignature>;

const signedBy =
  (signer: StarkSigner): SignRequest =>
  async (server, { timestamp, expiration, ...message }) => {
    const window = { timestamp: unixSeconds(timestamp), expiration: unixSeconds(expiration) };
    return signer.sign((await server.hasher()).loginHash({ ...message, ...window }));
  };

async function signIn(
  server: Server,
  publicKey: string,
  signed: SignRequest,
  account: AccountOn,
): Promise<{ readonly bearer: string }> {
  return server.signedAt(async () => {
    const answer = await server.call({
      method: 'POST',
      path: `/v1/auth/${publicKey}`,
      headers: await requestHeaders(server, signed, account, 'login'),
    });
    return { bearer: bearerIn(answer) };
  });
}

async function requestHeaders(
  server: Server,
  signed: SignRequest,
  account: AccountOn,
  purpose: RequestPurpose,
): Promise<Record<string, string>> {
  // Every signature needs both: asked at once.
  const [of] = await Promise.all([account(server), server.config()]);
  const window = newWindow(await server.signingTime());
  return windowHeaders(of, await signed(server, { account: of, purpose, ...window }), window);
}

function publicKeyOf({ publicKey }: Pick<StarkSigner, 'publicKey'>) {
  const felt = parseFelt(publicKey);
  if (felt === undefined) throw new TypeError('not a Stark public key: 0x hex');
  return felt;
}

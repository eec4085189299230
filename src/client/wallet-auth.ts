// Proves itself by an Ethereum wallet (EIP-1193), whose person is asked for each signature (EIP-4361, EIP-191). Whatever the wallet says,
// it is not repeated: its texts are anybody's.
import { bytesToHex, randomBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { personalSignDigest } from '../ethereum/eip191.ts';
import {
  emergencyStatements,
  LOGIN_STATEMENT,
  ONBOARDING_STATEMENT,
  REGISTRATION_STATEMENT,
} from '../ethereum/siwe.ts';
import { lookedUp } from './account-id.ts';
import { askedOnce } from './asked-once.ts';
import type { Auth } from './auth.ts';
import type { Server } from './call.ts';
import { checksummed } from './checksummed.ts';
import { asked, chosenAddress, type Eip1193Provider, onChain } from './eip1193.ts';
import { bearerIn } from './not-countersign.ts';
import { walletSignatureHeaders } from './sign-in.ts';
import { keyThatSigned } from './signed-by.ts';
import { siweText } from './wallet.ts';

export interface WalletOptions {
  /** Which of the wallet's accounts. Default: the first that it shows. */
  readonly address?: string;
  /** Default: the server's. Another one than the server's is refused by it. */
  readonly chainId?: number;
  /** As the message names it, and the wallet compares it with the page. Default: the page's host, or the server's. */
  readonly domain?: string;
}

/** Within what every server accepts. */
const SIGNED_FOR_MS = 300_000;

export function wallet(provider: Eip1193Provider, options: WalletOptions = {}): Auth {
  const address = askedOnce(() => chosenAddress(provider, options.address));
  const account = async (server: Server) =>
    lookedUp(server, { account_signer_type: 'eip191', eth_address: await address() });

  async function signed(
    server: Server,
    statement: string,
    signal?: AbortSignal,
  ): Promise<{ readonly message: string; readonly signature: string; readonly publicKey: string }> {
    const chainId = options.chainId ?? Number((await server.config()).l1_chain_id);
    const from = await address();
    await onChain(provider, chainId, signal);
    const nowMs = await server.signingTime();
    const message = siweText({
      ...placeOf(server, options.domain),
      address: checksummed(from),
      statement,
      chainId,
      nonce: bytesToHex(randomBytes(16)),
      issuedAt: new Date(nowMs),
      expirationTime: new Date(nowMs + SIGNED_FOR_MS),
    });
    const bytes = utf8ToBytes(message);
    const signature = String(await asked(provider, 'personal_sign', [`0x${bytesToHex(bytes)}`, from], signal));
    return { message, signature, publicKey: keyThatSigned(personalSignDigest(bytes), signature, from) };
  }

  async function headers(server: Server, statement: string, signal?: AbortSignal) {
    const of = await account(server);
    const { message, signature, publicKey } = await signed(server, statement, signal);
    return { publicKey, headers: walletSignatureHeaders(of, message, signature) };
  }

  return {
    account,
    attended: true,
    async signIn(server) {
      return server.signedAt(async () => {
        const answer = await server.call({
          method: 'POST',
          path: '/v2/auth',
          headers: (await headers(server, LOGIN_STATEMENT)).headers,
        });
        return { bearer: bearerIn(answer) };
      });
    },
    async onboarding(server, signal) {
      const made = await headers(server, ONBOARDING_STATEMENT, signal);
      // The server wants the whole key, which only a signature tells.
      return { path: '/v2/onboarding', headers: made.headers, body: { public_key: made.publicKey } };
    },
    async consentTo(publicKey, server, signal) {
      const { message, signature } = await signed(server, `${REGISTRATION_STATEMENT}${publicKey}`, signal);
      return { siwe_message: message, evm_signature: signature };
    },
    emergencyHeaders: async (purpose, server, signal) =>
      (await headers(server, emergencyStatements[purpose], signal)).headers,
  };
}

/** The host that the person sees. On plain http there is no host but the machine's own (docs/decisions.md "SIWE URI"). */
function placeOf({ origin }: Server, given: string | undefined): { readonly domain: string; readonly uri: string } {
  const { location }: { readonly location?: unknown; readonly URL: unknown } = globalThis;
  const { host, protocol } = pageOf(location) ?? new URL(origin);
  const domain = given ?? host;
  return { domain, uri: `${domain === host ? protocol : 'https:'}//${domain}` };
}

function pageOf(location: unknown): { readonly host: string; readonly protocol: string } | undefined {
  if (typeof location !== 'object' || location === null || !('host' in location) || !('protocol' in location))
    return undefined;
  const { host, protocol } = location;
  return typeof host === 'string' && host !== '' && typeof protocol === 'string' ? { host, protocol } : undefined;
}

// How a client proves to be what it is. Each kind is one file, and an object of this type of one's own will do: a worker, a hardware key.
// Parts of the client ask what an Auth can do, never which kind it is.

import type { Server } from './call.ts';
import type { EmergencyPurpose } from './sign-in.ts';

export interface Session {
  /** Secret: whoever has it is this credential until it expires. */
  readonly bearer: string;
  /** By the server's clock. Undefined when the bearer does not tell. */
  readonly expiresAt: Date | undefined;
}

/** Signs with a Stark key that it need not show. */
export interface StarkSigner {
  /** `0x` hex. */
  readonly publicKey: string;
  /** r and s as decimal text, of a hash below 2^251. */
  sign(hash: bigint): readonly [r: string, s: string] | Promise<readonly [r: string, s: string]>;
}

export interface Onboarding {
  readonly path: '/v1/onboarding' | '/v2/onboarding';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/**
 * Signing in may be for many callers and goes on when one of them leaves. What else is signed is for one call, which sends it: `signal` says
 * that nobody waits for it any more, so no person need be asked.
 */
export interface Auth {
  /** The account that it acts for, `0x` hex. */
  account(server: Server): Promise<string>;
  /** The bearer of a new session, or the one there is. `waitedMs`: before it was asked for, as for a person; the session did not age meanwhile. */
  signIn(server: Server): Promise<{ readonly bearer: string; readonly waitedMs?: number }>;
  /** The request that makes the account known, signed; repeating it changes nothing. Absent: it cannot. */
  onboarding?(server: Server, signal?: AbortSignal): Promise<Onboarding>;
  /** Set when signing asks a person: the client's usual timeout does not run meanwhile, one that a call sets does. */
  readonly attended?: boolean;
  /** Signs orders. Absent: it has no Stark key. */
  readonly signer?: StarkSigner;
  /** Members of the body that registers a subkey: the owner's consent. Absent: it is not the owner. */
  consentTo?(publicKey: string, server: Server, signal?: AbortSignal): Promise<Readonly<Record<string, unknown>>>;
  /** Headers that end sessions or everything without a bearer. Absent: it is not the owner. */
  emergencyHeaders?(purpose: EmergencyPurpose, server: Server, signal?: AbortSignal): Promise<Record<string, string>>;
}

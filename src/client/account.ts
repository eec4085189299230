// The account itself: what this credential is, the server, signing in and out, and what ends everything.
import type { Session } from './auth.ts';
import type { Core, SystemConfig } from './call.ts';
import { CountersignError } from './errors.ts';
import type { CallOptions } from './list.ts';
import { type Changed, changed } from './receipt.ts';
import type { About, AccountOfSigner, RevokedAll, Self, SignedOut } from './shapes.ts';
import type { EmergencyPurpose } from './sign-in.ts';

/** Every method rejects as Call does. */
export function createAccount(core: Core) {
  const { server } = core;

  /** With a session; where none can be had (locked, another address, just signed out) with the owner's signature over this one act. */
  function end<Body>(path: string, purpose: EmergencyPurpose, options: CallOptions): Promise<Changed<Body>> {
    return core.within(options, async (deadline) => {
      const { auth } = core;
      const request = { method: 'POST', path, deadline } as const;
      if (auth?.emergencyHeaders === undefined) return changed(await core.call<Body>(request));
      try {
        await core.session(deadline);
      } catch (error) {
        if (!(error instanceof CountersignError)) throw error;
        return server.signedAt(async () => {
          const signing = async () => auth.emergencyHeaders?.(purpose, server, deadline.signal);
          const headers = await deadline.race(signing, auth.attended);
          return changed(await server.call<Body>(headers === undefined ? request : { ...request, headers }));
        }, deadline);
      }
      return changed(await core.call<Body>(request));
    });
  }

  return {
    /** What the credential of this client is, may do, and from where. */
    async self(options: CallOptions = {}): Promise<Self> {
      return (await core.call<Self>({ ...options, method: 'GET', path: '/countersign/v1/self' })).body;
    },

    /** What the server is and allows; needs no sign-in. */
    async about(options: CallOptions = {}): Promise<About> {
      return (await server.call<About>({ ...options, method: 'GET', path: '/countersign/v1/about' })).body;
    },

    /** What a client must know before it signs; needs no sign-in. */
    config: (options: CallOptions = {}): Promise<SystemConfig> =>
      core.within(options, (deadline) => deadline.race(server.config)),

    /** The server's clock; needs no sign-in. */
    async time(options: CallOptions = {}): Promise<Date> {
      const request = { ...options, method: 'GET', path: '/v1/system/time' } as const;
      const { server_time } = (await server.call<{ server_time: string }>(request)).body;
      return new Date(Number(server_time));
    },

    /** The account that a main key or a wallet has, and whether it is known here; needs no sign-in. */
    async of(
      signer: { readonly public_key: string } | { readonly eth_address: string },
      options: CallOptions = {},
    ): Promise<AccountOfSigner> {
      const query = { account_signer_type: 'public_key' in signer ? 'starknet' : 'eip191', ...signer };
      return (await server.call<AccountOfSigner>({ ...options, method: 'GET', path: '/v1/onboarding', query })).body;
    },

    /** The account that this client acts for, `0x` hex. */
    address: (options: CallOptions = {}): Promise<string> => core.within(options, core.account),

    /** Makes the account known. Repeating it changes nothing. */
    onboard: (options: CallOptions = {}): Promise<void> =>
      core.within(options, async (deadline) => {
        const { auth } = core;
        if (auth?.onboarding === undefined) throw new TypeError('an account is onboarded by its main key or wallet');
        await server.signedAt(async () => {
          const signing = async () => auth.onboarding?.(server, deadline.signal);
          const signed = await deadline.race(signing, auth.attended);
          if (signed !== undefined) await server.call({ ...signed, method: 'POST', deadline });
        }, deadline);
      }),

    /** A session that is good for 30 s or more: what a program without this library sends as bearer. A secret. */
    session: (options: CallOptions = {}): Promise<Session> => core.within(options, core.session),

    /** Ends every session and every login signature made until now. Subkeys and tokens stay. */
    signOutEverywhere: (options: CallOptions = {}): Promise<Changed<SignedOut>> =>
      end<SignedOut>('/countersign/v1/sign-out-everywhere', 'sign_out', options),

    /** Signs out everywhere, and ends every subkey, token and device, or those of some kinds. Afterwards nobody can sign in for half a minute. */
    async revokeAll({
      kinds,
      ...options
    }: CallOptions & { readonly kinds?: readonly string[] } = {}): Promise<Changed<RevokedAll>> {
      const path = '/countersign/v1/revoke-all';
      if (kinds === undefined) return end<RevokedAll>(path, 'revoke_all', options);
      return changed(await core.call<RevokedAll>({ ...options, method: 'POST', path, body: { kinds } }));
    },

    /** Ends a bearer that was found where it should not be: a token, or a session. Needs no sign-in, and tells nothing of it. */
    async reportLeak(bearer: string, options: CallOptions = {}): Promise<void> {
      await server.call({ ...options, method: 'POST', path: '/countersign/v1/leaked', body: { token: bearer } });
    },

    /** Ends the very subkey or token that this client is. */
    async endSelf(options: CallOptions = {}): Promise<Changed<{ readonly kind: string; readonly credential: string }>> {
      const request = { ...options, method: 'POST', path: '/countersign/v1/self/revoke' } as const;
      return changed(await core.call<{ kind: string; credential: string }>(request));
    },
  };
}

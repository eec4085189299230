// The authenticated caller. It says who is calling, never what is allowed now: that is the decision's business.
import type { CredentialRef } from './credential.ts';
import type { Permission } from './permission.ts';
import type { UnixSeconds } from './time.ts';
import type { UseSlot } from './use.ts';

export interface Principal {
  readonly credential: CredentialRef;
  readonly permissions: ReadonlySet<Permission>;
  /** Signing public key, wallet address, or lookup_id: what the venue sees in Countersign-Credential. */
  readonly label: string;
  /** The key that signed the JWT. */
  readonly kid: string;
  /** The JWT's id. */
  readonly session: string;
  /** When the JWT itself ends. */
  readonly expiresAt: UnixSeconds;
  /** The signed timestamp behind the session; a token's time of creation. */
  readonly authTime: UnixSeconds;
  /** The session may act for isolated-market accounts (docs/wire.md section 4). */
  readonly isolated: boolean;
  /** `interactive` when asked for at login. */
  readonly tokenUsage: 'interactive' | undefined;
  /** Where its requests are counted; the same for every request with this bearer. */
  readonly use?: UseSlot | undefined;
}

// Whether a subkey may sign for a request of another session of its account: it must live, and be allowed where the request
// comes from. What the session itself may do is decided elsewhere.
import type { IpAddress } from '../domain/allowlist.ts';
import type { CredentialRef } from '../domain/credential.ts';
import type { DenyReason } from '../domain/decision.ts';
import type { Clock } from '../domain/time.ts';
import type { View } from '../revocation/view.ts';
import { addressRefusal, credentialRefusal } from './rules.ts';

export interface SignedFor {
  /** The key that signed the session's bearer. */
  readonly kid: string;
  readonly clientIp: IpAddress | undefined;
}

/**
 * Why the subkey signs nothing there now, or undefined. In the same turn when the view knows; a promise when it must read,
 * which is then a fresh fact, and rejects as View.ask does.
 */
export type SignerRefusal = (
  signer: Pick<CredentialRef, 'account' | 'id'>,
  request: SignedFor,
) => DenyReason | undefined | Promise<DenyReason | undefined>;

export const createSignerRefusal =
  ({ view, clock }: { view: Pick<View, 'ask'>; clock: Clock }): SignerRefusal =>
  ({ account, id }, { kid, clientIp }) =>
    view.ask(
      { account, kind: 'subkey', id, kid },
      (facts) =>
        credentialRefusal(facts, clock.latest()) ??
        (facts.accountLocked ? 'account_locked' : addressRefusal(facts, clientIp)),
    );

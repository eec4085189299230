// Which keys may sign the orders of a request: the account's own, and its subkeys while they live and may be used from where the
// request comes. What the session itself may do is decided elsewhere.
import type { IpAddress } from '../domain/allowlist.ts';
import type { CredentialRef } from '../domain/credential.ts';
import type { Deny } from '../domain/decision.ts';
import type { Felt } from '../domain/felt.ts';
import type { Principal } from '../domain/principal.ts';
import type { Clock } from '../domain/time.ts';
import type { View } from '../revocation/view.ts';
import { firstRefusal, signerRules } from './rules.ts';

export interface SignedFor {
  /** The key that signed the session's bearer. */
  readonly kid: string;
  readonly clientIp: IpAddress | undefined;
}

/** `allowlist`: the subkey's, as it was asked. */
export type SignerRefusal = Pick<Deny, 'reason' | 'allowlist'>;

/** Both answer in the same turn when the view knows; else with a promise, which holds a fresh fact and rejects as View.ask does. */
export interface OrderSigners {
  /** The account's own key, for a session of that key; undefined for every other session. */
  mainKey(session: Pick<Principal, 'credential' | 'kid'>): Felt | undefined | Promise<Felt | undefined>;
  /** Why the subkey signs nothing for this request now, or undefined. */
  refusal(
    signer: Pick<CredentialRef, 'account' | 'id'>,
    request: SignedFor,
  ): SignerRefusal | undefined | Promise<SignerRefusal | undefined>;
}

export const createOrderSigners = ({
  view,
  clock,
}: {
  readonly view: Pick<View, 'ask'>;
  readonly clock: Clock;
}): OrderSigners => ({
  mainKey: ({ credential, kid }) => view.ask({ ...credential, kid }, (facts) => facts.mainKey),
  refusal: ({ account, id }, { kid, clientIp }) =>
    view.ask({ account, kind: 'subkey', id, kid }, (facts) => {
      const reason = firstRefusal(signerRules, facts, clock.latest(), undefined, { clientIp });
      return reason && { reason, allowlist: facts.allowlist };
    }),
});

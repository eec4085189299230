// GET /countersign/v1/self: what a credential is, for whoever holds it. The first place to look when a bot is refused.
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { shownEntries } from '../../domain/allowlist.ts';
import { type Clock, nanosOfSeconds } from '../../domain/time.ts';
import type { View } from '../../revocation/view.ts';
import { callerOf } from '../context.ts';
import { BigInteger } from '../schemas/common.ts';

const SelfWire = Type.Object({
  account: Type.String(),
  kind: Type.String(),
  /** The row id of the credential, as in the audit log. */
  id: Type.String(),
  /** What the venue sees: lookup_id, subkey public key, or the account. */
  credential: Type.String(),
  permissions: Type.Array(Type.String()),
  allowed_cidrs: Type.Array(Type.String()),
  /** When this bearer ends, in nanoseconds. */
  expires_at: BigInteger,
  isolated_markets: Type.Boolean(),
  /** As this server sees it: what an allowlist must contain. Empty when it could not be told. */
  client_ip: Type.String(),
  server_time: BigInteger,
});

export function registerSelfRoute(
  app: FastifyInstance,
  deps: { readonly view: Pick<View, 'ask'>; readonly clock: Clock },
): void {
  app.get('/countersign/v1/self', { schema: { response: { 200: SelfWire } } }, async (request) => {
    const { principal, clientIpText } = callerOf(request);
    const { credential, permissions } = principal;
    const allowed_cidrs = await deps.view.ask({ ...credential, kid: principal.kid }, (facts) =>
      shownEntries(facts.allowlist),
    );
    return {
      account: credential.account,
      kind: credential.kind,
      id: credential.id,
      credential: principal.label,
      permissions: [...permissions].sort(),
      allowed_cidrs,
      expires_at: nanosOfSeconds(principal.expiresAt),
      isolated_markets: principal.isolated,
      client_ip: clientIpText,
      server_time: deps.clock.now(),
    };
  });
}

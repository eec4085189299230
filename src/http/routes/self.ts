// GET /countersign/v1/self: the facts of the caller's own credential. The first place to look when a bot is refused.
import type { FastifyInstance, FastifySchema } from 'fastify';
import Type from 'typebox';
import { shownEntries } from '../../domain/allowlist.ts';
import { credentialKinds } from '../../domain/kinds.ts';
import { permissions } from '../../domain/permission.ts';
import { type Clock, isOver, nanosOfSeconds } from '../../domain/time.ts';
import type { View } from '../../revocation/view.ts';
import { AllowedCidrsWire, BigInteger, closed, described, FeltWire, oneOf } from '../../wire/common.ts';
import { callerOf } from '../context.ts';

export const SelfWire = Type.Object(
  {
    account: FeltWire,
    kind: oneOf(credentialKinds),
    id: Type.String({ description: 'The row id of the credential, as in the audit log.' }),
    credential: Type.String({ description: 'What the venue sees: lookup_id, subkey public key, or the account.' }),
    permissions: Type.Array(oneOf(permissions)),
    allowed_cidrs: AllowedCidrsWire,
    expires_at: described(BigInteger, 'When this bearer ends, in unix nanoseconds.'),
    isolated_markets: Type.Boolean(),
    client_ip: Type.String({
      description: 'As this server sees it: what an allowlist must contain. Empty when it could not be told.',
    }),
    server_time: described(BigInteger, "The server's clock, in unix nanoseconds."),
  },
  closed,
);

const schema = {
  tags: ['Start here'],
  summary: 'What the bearer of this request is, may do, and from where',
  description: 'The first place to look when a bot is refused.',
  response: { 200: SelfWire },
  'x-extension': true,
} as const satisfies FastifySchema;

export function registerSelfRoute(
  app: FastifyInstance,
  deps: { readonly view: Pick<View, 'ask'>; readonly clock: Clock },
): void {
  app.get('/countersign/v1/self', { schema }, async (request) => {
    const { principal, clientIpText } = callerOf(request);
    const { credential } = principal;
    const known = await deps.view.ask({ ...credential, kid: principal.kid }, ({ allowlist, expiresAt }) => ({
      allowed_cidrs: shownEntries(allowlist),
      expiresAt,
    }));
    const bearerEnds = nanosOfSeconds(principal.expiresAt);
    return {
      account: credential.account,
      kind: credential.kind,
      id: credential.id,
      credential: principal.label,
      permissions: [...principal.permissions].sort(),
      allowed_cidrs: known.allowed_cidrs,
      // A rotation may have brought the end of its credential forward.
      expires_at: isOver(known.expiresAt, bearerEnds) ? known.expiresAt : bearerEnds,
      isolated_markets: principal.isolated,
      client_ip: clientIpText,
      server_time: deps.clock.now(),
    };
  });
}

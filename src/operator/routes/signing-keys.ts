// The JWT signing keys as the operator sees them: listed, rotated, and ended when one is compromised. Public halves only.
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance } from 'fastify';
import Type, { type Static } from 'typebox';
import type { SigningKeys } from '../../credentials/signing-keys.ts';
import { type KeyUse, keyUses } from '../../jwt/kinds.ts';
import type { SigningKeyRecord } from '../../jwt/signing-key.ts';
import { BigInteger } from '../../wire/common.ts';
import { REVOCATION_HEADER, receiptToWire } from '../../wire/receipt.ts';
import { actOf } from '../act.ts';

const SigningKeyWire = Type.Object({
  kid: Type.String(),
  use: Type.String(),
  state: Type.String(),
  /** Times are nanoseconds. */
  created_at: BigInteger,
  /** While published: when it begins to sign; else 0. */
  signs_from: BigInteger,
  /** While verifying: when it retires; else 0. */
  verify_until: BigInteger,
});
type SigningKeyWire = Static<typeof SigningKeyWire>;

const RetiredKeyWire = Type.Object({
  ...SigningKeyWire.properties,
  /** Tokens that this ended; 0 where it was retired already. */
  revoked_tokens: Type.Integer(),
});
const WouldEndWire = Type.Object({
  ...SigningKeyWire.properties,
  /** What it signed and is accepted still; sessions and terminal tokens are not kept, and counted as the audit log knows them. */
  tokens: Type.Integer(),
  sessions: Type.Integer(),
  terminal_tokens: Type.Integer(),
});

/** The member that counts what a key of this use signed. */
const countOf = {
  session: 'sessions',
  token: 'tokens',
  terminal: 'terminal_tokens',
} as const satisfies Record<KeyUse, keyof Static<typeof WouldEndWire>>;

const SigningKeyListWire = Type.Object({ results: Type.Array(SigningKeyWire) });
const RotateBody = Type.Object({ use: Type.Enum([...keyUses]) }, { additionalProperties: false });
const KidParams = Type.Object({ kid: Type.String() });

export function registerSigningKeyRoutes(server: FastifyInstance, signingKeys: SigningKeys): void {
  const app = server.withTypeProvider<TypeBoxTypeProvider>();

  app.get('/operator/v1/signing-keys', { schema: { response: { 200: SigningKeyListWire } } }, async () => ({
    results: (await signingKeys.list()).map(toWire),
  }));

  app.post(
    '/operator/v1/signing-keys/rotate',
    { schema: { body: RotateBody, response: { 200: SigningKeyWire } } },
    async (request) => toWire(await signingKeys.rotate(request.body.use, actOf(request))),
  );

  app.post(
    '/operator/v1/signing-keys/:kid/retire',
    { schema: { params: KidParams, response: { 200: RetiredKeyWire } } },
    async (request, reply) => {
      const { result, receipt } = await signingKeys.retire(request.params.kid, actOf(request));
      reply.header(REVOCATION_HEADER, receiptToWire(receipt));
      return { ...toWire(result.key), revoked_tokens: result.tokens };
    },
  );

  app.get(
    '/operator/v1/signing-keys/:kid',
    { schema: { params: KidParams, response: { 200: WouldEndWire } } },
    async (request) => {
      const { key, accepted } = await signingKeys.wouldEnd(request.params.kid);
      return { ...toWire(key), tokens: 0, sessions: 0, terminal_tokens: 0, [countOf[key.use]]: accepted };
    },
  );

  const toWire = (key: SigningKeyRecord): SigningKeyWire => ({
    kid: key.kid,
    use: key.use,
    state: key.state,
    created_at: key.createdAt,
    signs_from: key.state === 'published' ? signingKeys.signsFrom(key) : 0n,
    verify_until: key.verifyUntil ?? 0n,
  });
}

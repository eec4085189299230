// The JWT signing keys as the operator sees them: listed, rotated, and ended when one is compromised. Public halves only.
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance } from 'fastify';
import Type, { type Static } from 'typebox';
import type { SigningKeys } from '../../credentials/signing-keys.ts';
import { BigInteger } from '../../http/schemas/common.ts';
import { REVOCATION_HEADER, receiptToWire } from '../../http/to-wire.ts';
import type { SigningKeyRecord } from '../../jwt/signing-key.ts';
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

const SigningKeyListWire = Type.Object({ results: Type.Array(SigningKeyWire) });
const RotateBody = Type.Object({ use: Type.Enum(['session', 'token', 'terminal']) }, { additionalProperties: false });
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
    { schema: { params: KidParams, response: { 200: SigningKeyWire } } },
    async (request, reply) => {
      const { result, receipt } = await signingKeys.retire(request.params.kid, actOf(request));
      reply.header(REVOCATION_HEADER, receiptToWire(receipt));
      return toWire(result);
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

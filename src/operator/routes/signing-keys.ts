// The JWT signing keys as the operator sees them: listed, rotated, and ended when one is compromised. Public halves only.
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance } from 'fastify';
import Type, { type Static } from 'typebox';
import type { SigningKeys } from '../../credentials/signing-keys.ts';
import { type KeyUse, keyUses } from '../../jwt/kinds.ts';
import type { SigningKeyRecord } from '../../jwt/signing-key.ts';
import { REVOCATION_HEADER, receiptToWire } from '../../wire/receipt.ts';
import { RetiredKeyWire, SigningKeyListWire, SigningKeyWire, WouldEndWire } from '../../wire/signing-keys.ts';
import { actOf } from '../act.ts';

/** The member that counts what a key of this use signed. */
const countOf = {
  session: 'sessions',
  token: 'tokens',
  terminal: 'terminal_tokens',
} as const satisfies Record<KeyUse, keyof Static<typeof WouldEndWire>>;

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

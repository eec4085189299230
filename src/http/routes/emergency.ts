// The emergency routes, for an owner or a finder: sign out everywhere, revoke all, end oneself, report a leaked bearer. The first two
// also take the owner's signature in place of a bearer: right after a sign-out nobody has a bearer.
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance, FastifyRequest, FastifySchema } from 'fastify';
import Type from 'typebox';
import type { EndSelf } from '../../credentials/end-self.ts';
import type { OwnerPurpose, OwnerSignature, ProveOwner } from '../../credentials/owner-proof.ts';
import { requireRoom } from '../../credentials/rate-limited.ts';
import type { ReportLeaked } from '../../credentials/report-leaked.ts';
import type { Presser, SignOut } from '../../credentials/sign-out.ts';
import { revocableKinds } from '../../domain/kinds.ts';
import type { Clock } from '../../domain/time.ts';
import { ApiError } from '../../errors.ts';
import type { RateLimiter } from '../../ratelimit/limiter.ts';
import { closed, LookupIdWire, NameWire, open, PublicKeyWire, SHOWN, ValidAfterWire } from '../../wire/common.ts';
import { OwnerHeaders } from '../../wire/logins.ts';
import { REVOCATION_HEADER, receiptToWire } from '../../wire/receipt.ts';
import { callerOf, contextOf, originOf } from '../context.ts';
import { fromFastify } from '../kit/framework-errors.ts';
import {
  accountHeader,
  expirationHeader,
  optionalHeader,
  signatureHeader,
  siweHeader,
  timestampHeader,
} from '../kit/read.ts';

export const SignedOutWire = Type.Object({ valid_after: ValidAfterWire }, closed);
const Kinds = Type.Array(Type.String({ [SHOWN]: { enum: [...revocableKinds] } }), {
  maxItems: revocableKinds.length,
  [SHOWN]: { minItems: 1 },
  description:
    'Any of subkey, token and device. Left out: all. Devices end in any case: they live no longer than the session that made them.',
});
/**
 * Bytes. A body holds three words at most, and no rate limit holds a request with a signature back: reading the body must cost nothing
 * beside checking the signature.
 */
const MAX_EMERGENCY_BODY = 1024;
const RevokeAllBody = Type.Object({ kinds: Type.Optional(Kinds) }, open);
export const RevokedAllWire = Type.Object(
  {
    valid_after: ValidAfterWire,
    subkeys: Type.Array(Type.Object({ public_key: PublicKeyWire, name: NameWire }, closed)),
    tokens: Type.Array(Type.Object({ lookup_id: LookupIdWire, name: NameWire }, closed)),
    devices: Type.Array(Type.Object({ id: Type.String(), name: NameWire }, closed)),
  },
  closed,
);
const EndedSelfWire = Type.Object(
  { kind: Type.String({ [SHOWN]: { enum: [...revocableKinds] } }), credential: Type.String() },
  closed,
);
const LeakedBody = Type.Object({ token: Type.String({ maxLength: 8192, description: 'The bearer itself.' }) }, open);
const ReceivedWire = Type.Object(
  {
    received: Type.Literal(true, {
      description: 'Always true: the answer does not tell whether the bearer was alive.',
    }),
  },
  closed,
);

const orOwner = (path: string, statement: string): string =>
  `Instead of a bearer it takes the owner's signature, when no session can be had too: the headers of a login, signed by the main key over the same typed data with path ${path}, or by the wallet over a message with the statement "${statement}". Good once and for nothing else, from any address, and of a locked account too.`;

const ownerErrors = [
  'INVALID_REQUEST_PARAMETER',
  'NOT_ONBOARDED',
  'INVALID_STARKNET_ADDRESS',
  'INVALID_STARKNET_SIGNATURE',
  'INVALID_EVM_SIGNATURE',
  'INVALID_TIMESTAMP',
  'INVALID_BLOCK_EXPIRATION',
  'STARKNET_SIGNATURE_VERIFICATION_FAILED',
  'EVM_SIGNATURE_VERIFICATION_FAILED',
  'ETHEREUM_SIGNER_MISMATCH',
  'SIGNATURE_ALREADY_USED',
] as const;

const ofAll = { tags: ['Emergency'], 'x-extension': true } as const;
const ofOwner = { readByHandler: { headers: OwnerHeaders }, errors: ownerErrors, receipt: true } as const;

const signOutSchema = {
  ...ofAll,
  ...ofOwner,
  summary: 'End every session and every login signature made until now',
  description: `Subkeys and tokens stay. Devices end, and so does the session that asks. ${orOwner('/countersign/v1/sign-out', 'Countersign Sign Out')}`,
  response: { 200: SignedOutWire },
} as const satisfies FastifySchema;
const revokeAllSchema = {
  ...ofAll,
  ...ofOwner,
  summary: 'The panic button: sign out everywhere and revoke every subkey and token, or those of one kind',
  description: `Cancel your orders at the venue first: afterwards no login is accepted for login.future_tolerance + 1 seconds (31), which the refused login counts down in data.wait_seconds. ${orOwner('/countersign/v1/revoke-all', 'Countersign Revoke All')} A signature revokes everything: kinds is refused with one.`,
  body: RevokeAllBody,
  response: { 200: RevokedAllWire },
} as const satisfies FastifySchema;
const endSelfSchema = {
  ...ofAll,
  summary: 'End the very subkey, token or device that calls this',
  description:
    'Whoever holds it may end it, its owner or a finder; from an address of its allowlist. Not a main key or wallet: 403. A subkey ends with all its sessions.',
  response: { 200: EndedSelfWire },
  receipt: true,
} as const satisfies FastifySchema;
const leakedSchema = {
  ...ofAll,
  summary: 'Report a bearer that was found where it should not be',
  description:
    'It ends if it is alive: a token is revoked, a device ended, a session signed out, with the devices that it made. The answer is the same either way.',
  body: LeakedBody,
  response: { 200: ReceivedWire },
} as const satisfies FastifySchema;

export interface EmergencyRouteDeps {
  readonly signOut: SignOut;
  readonly proveOwner: ProveOwner;
  readonly endSelf: EndSelf;
  readonly reportLeaked: ReportLeaked;
  readonly limiter: Pick<RateLimiter, 'chargeCredential'>;
  readonly clock: Clock;
}

export function registerEmergencyRoutes(server: FastifyInstance, deps: EmergencyRouteDeps): void {
  const { signOut, reportLeaked } = deps;
  const app = server.withTypeProvider<TypeBoxTypeProvider>();

  // No limit holds back a request that ends something: only requests that changed nothing are charged, afterwards. A 5xx is not
  // charged: a change that could not be written still denies in this process.
  function errorHandler(error: Error, request: FastifyRequest): never {
    const refusal = fromFastify(error) ?? error;
    const { grant, insists } = contextOf(request);
    const { principal } = grant;
    if (!(refusal instanceof ApiError) || refusal.status >= 500) throw error;
    // An unproven caller is charged by address: an unverified signature names nobody.
    const verdict =
      principal === undefined ? insists : deps.limiter.chargeCredential(principal.credential, 'emergency');
    if (verdict !== undefined) requireRoom(verdict, deps.clock);
    throw error;
  }

  async function presserOf(request: FastifyRequest, purpose: OwnerPurpose): Promise<Presser> {
    const { grant } = contextOf(request);
    return grant.principal === undefined ? deps.proveOwner(signatureOf(request), purpose) : callerOf(request);
  }

  app.post(
    '/countersign/v1/sign-out-everywhere',
    { schema: signOutSchema, bodyLimit: MAX_EMERGENCY_BODY, errorHandler },
    async (request, reply) => {
      const { result, receipt } = await signOut.everywhere(await presserOf(request, 'sign_out'));
      reply.header(REVOCATION_HEADER, receiptToWire(receipt));
      return { valid_after: result.validAfter };
    },
  );

  app.post(
    '/countersign/v1/revoke-all',
    { schema: revokeAllSchema, bodyLimit: MAX_EMERGENCY_BODY, errorHandler },
    async (request, reply) => {
      const { kinds } = request.body;
      // The owner signed "everything": a carrier of the signature must not narrow it.
      if (kinds !== undefined && contextOf(request).grant.principal === undefined) {
        throw new ApiError(
          'INVALID_REQUEST_PARAMETER',
          'kinds: a signature revokes everything; only a session may choose',
        );
      }
      const { result, receipt } = await signOut.revokeAll(await presserOf(request, 'revoke_all'), kindsOf(kinds));
      reply.header(REVOCATION_HEADER, receiptToWire(receipt));
      return {
        valid_after: result.validAfter,
        subkeys: result.subkeys.map(({ publicKey, name }) => ({ public_key: publicKey, name })),
        tokens: result.tokens.map(({ lookupId, name }) => ({ lookup_id: lookupId, name })),
        devices: result.devices.map(({ deviceId, name }) => ({ id: deviceId, name })),
      };
    },
  );

  app.post(
    '/countersign/v1/self/revoke',
    { schema: endSelfSchema, bodyLimit: MAX_EMERGENCY_BODY, errorHandler },
    async (request, reply) => {
      const { result, receipt } = await deps.endSelf(callerOf(request));
      reply.header(REVOCATION_HEADER, receiptToWire(receipt));
      return { kind: result.kind, credential: result.label };
    },
  );

  app.post('/countersign/v1/leaked', { schema: leakedSchema }, async (request) => {
    const { requestId, clientIpText } = contextOf(request);
    await reportLeaked({ bearer: request.body.token, requestId, clientIpText });
    return { received: true } as const;
  });
}

/** The headers of a login, signed by the main key or by the wallet. */
function signatureOf(request: FastifyRequest): OwnerSignature {
  const { headers } = request;
  const context = contextOf(request);
  const common = { account: accountHeader(headers), ...originOf(context), asker: context.asker };
  const signature = optionalHeader(headers, 'PARADEX-EVM-SIGNATURE');
  if (signature !== undefined) {
    if (optionalHeader(headers, 'PARADEX-STARKNET-SIGNATURE') !== undefined) {
      throw new ApiError('INVALID_REQUEST_PARAMETER', 'send the signature of the main key or of the wallet, not both');
    }
    return { ...common, by: { kind: 'wallet', signature, siweMessage: siweHeader(headers) } };
  }
  const [timestamp, expiration] = [timestampHeader(headers), expirationHeader(headers)];
  if (expiration === undefined) {
    throw new ApiError('INVALID_REQUEST_PARAMETER', 'the header PARADEX-SIGNATURE-EXPIRATION is required');
  }
  return { ...common, by: { kind: 'main_key', signature: signatureHeader(headers), timestamp, expiration } };
}

function kindsOf(kinds: readonly string[] | undefined): { subkeys: boolean; tokens: boolean } {
  if (kinds === undefined) return { subkeys: true, tokens: true };
  if (kinds.length === 0 || kinds.some((kind) => !revocableKinds.some((one) => one === kind))) {
    throw new ApiError(
      'INVALID_REQUEST_PARAMETER',
      'kinds must name subkey, token, device or several of them; leave it out for all',
    );
  }
  return { subkeys: kinds.includes('subkey'), tokens: kinds.includes('token') };
}

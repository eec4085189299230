// /v1/account/keys/subkeys, and the registration that needs no session of the main key (docs/wire.md section 6).
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance, FastifySchema } from 'fastify';
import type { ActivateSubkey, Activation } from '../../credentials/activate-subkey.ts';
import type { ManageSubkeys } from '../../credentials/manage-subkeys.ts';
import type { RegisterSubkey, SubkeyRegistration } from '../../credentials/register-subkey.ts';
import { parseFelt } from '../../domain/felt.ts';
import { MAX_SUBKEY_SECONDS, MIN_SUBKEY_SECONDS } from '../../domain/lifetimes.ts';
import { refOfSubkey, type Subkey } from '../../domain/subkey.ts';
import { type Clock, unixSeconds } from '../../domain/time.ts';
import { NEVER_USED } from '../../domain/use.ts';
import { ApiError } from '../../errors.ts';
import { parseSignaturePair } from '../../starknet/signature.ts';
import type { Store } from '../../store/store.ts';
import type { UsageReads } from '../../usage/reads.ts';
import { AllowedCidrsBody, Empty } from '../../wire/common.ts';
import { PublicKeyParams } from '../../wire/logins.ts';
import { REVOCATION_HEADER, receiptToWire } from '../../wire/receipt.ts';
import {
  ActivatedSubkeyWire,
  ActivateSubkeyBody,
  CreateSubkeyBody,
  RenameSubkeyBody,
  RevokedSubkeyWire,
  SubkeyListQuery,
  SubkeyListWire,
  SubkeyWire,
} from '../../wire/subkeys.ts';
import { subkeyToWire } from '../../wire/to-wire.ts';
import { callerOf, contextOf, type RequestContext } from '../context.ts';
import { readAllowlist, readFlag, readName, readPage, readPublicKey } from '../kit/read.ts';

export interface SubkeyRouteDeps {
  readonly store: Pick<Store, 'subkey' | 'subkeys'>;
  readonly register: RegisterSubkey;
  readonly activate: ActivateSubkey;
  readonly manage: ManageSubkeys;
  readonly clock: Clock;
}

const list = '/v1/account/keys/subkeys';
const one = `${list}/:public_key`;

const signedRegistration = '/countersign/v1/subkeys';

const tags = ['Subkeys'];
const listSchema = {
  tags,
  summary: 'List subkeys',
  querystring: SubkeyListQuery,
  response: { 200: SubkeyListWire },
  errors: ['INVALID_REQUEST_PARAMETER'],
} as const satisfies FastifySchema;
const registrationErrors = [
  'PUBLIC_KEY_INVALID',
  'NOT_UNIQUE',
  ['INVALID_SUBKEY', 400],
  'INVALID_STARKNET_SIGNATURE',
  'INVALID_EVM_SIGNATURE',
  'INVALID_TIMESTAMP',
  'STARKNET_SIGNATURE_VERIFICATION_FAILED',
  'EVM_SIGNATURE_VERIFICATION_FAILED',
  'SIGNATURE_ALREADY_USED',
  'ETHEREUM_SIGNER_MISMATCH',
  'ACCOUNT_NOT_FOUND',
] as const;
const createSchema = {
  tags,
  summary: 'Register a subkey: it may read and trade, and cannot withdraw',
  description:
    "Unless subkeys.require_signature is off, the main key must bless it: signature with signature_timestamp and signature_expiry (the Pedersen hash of account, public key and the two times), or a wallet's siwe_message and evm_signature. A pending one (state pending, encrypted_key, eph_public_key) works only after its activation. The same registration again, with the same proof, is answered as it was and done once.",
  body: CreateSubkeyBody,
  response: { 201: Empty },
  errors: registrationErrors,
} as const satisfies FastifySchema;
const createSignedSchema = {
  tags,
  summary: 'Register a subkey with a session that cannot make keys, by a signature of the owner',
  description:
    'The body of POST /v1/account/keys/subkeys. The signature of the main key or wallet is required whatever subkeys.require_signature says, so a device asks for it and nobody logs in: a wallet signs once.',
  body: CreateSubkeyBody,
  response: { 201: SubkeyWire },
  errors: registrationErrors,
  'x-extension': true,
} as const satisfies FastifySchema;
const activateSchema = {
  tags,
  summary: 'Activate a pending subkey, once, and receive its encrypted key',
  description: 'Signed by the ephemeral key: the Pedersen hash of timestamp and eph_public_key.',
  body: ActivateSubkeyBody,
  response: { 200: ActivatedSubkeyWire },
  errors: [
    'INVALID_STARKNET_ADDRESS',
    'INVALID_STARKNET_SIGNATURE',
    'PUBLIC_KEY_INVALID',
    'INVALID_TIMESTAMP',
    'SUBKEY_ALREADY_ACTIVATED',
    'SUBKEY_NOT_ACTIVATABLE',
    'REQUEST_NOT_ALLOWED',
    ['STARKNET_SIGNATURE_VERIFICATION_FAILED', 403],
    'NOT_FOUND',
  ],
} as const satisfies FastifySchema;
const ofOne = {
  tags,
  readByHandler: { params: PublicKeyParams },
  errors: ['PUBLIC_KEY_INVALID', 'NOT_FOUND'],
} as const satisfies FastifySchema;
const readSchema = { ...ofOne, summary: 'One subkey', response: { 200: SubkeyWire } } as const satisfies FastifySchema;
const renameSchema = {
  ...ofOne,
  summary: 'Rename a subkey',
  body: RenameSubkeyBody,
  response: { 200: SubkeyWire },
} as const satisfies FastifySchema;
const revokeSchema = {
  ...ofOne,
  summary: 'Revoke a subkey: its sessions are dead before the answer is sent',
  response: { 200: RevokedSubkeyWire },
  receipt: true,
} as const satisfies FastifySchema;
const allowlistSchema = {
  ...ofOne,
  summary: 'Replace the allowlist of a subkey',
  body: AllowedCidrsBody,
  response: { 200: SubkeyWire },
  receipt: true,
} as const satisfies FastifySchema;

export function registerSubkeyRoutes(
  server: FastifyInstance,
  { store, register, activate, manage, clock }: SubkeyRouteDeps,
  usage: UsageReads,
): void {
  const app = server.withTypeProvider<TypeBoxTypeProvider>();
  const shown = async (subkey: Subkey): Promise<SubkeyWire> =>
    subkeyToWire(subkey, clock.latest(), await usage.lastUse(refOfSubkey(subkey)));
  const keyOf = (request: Parameters<typeof contextOf>[0]) => readPublicKey(contextOf(request).params.public_key);

  app.get(list, { schema: listSchema }, async (request) => {
    const { account } = callerOf(request).principal.credential;
    const { query } = request;
    const withRevoked = readFlag(query.with_revoked) || readFlag(query.include_revoked);
    const now = clock.latest();
    const page = await store.subkeys(account, { withRevoked, now }, readPage('subkeys', query));
    const uses = await usage.lastUses(account, page.rows.map(refOfSubkey));
    const results = page.rows.map((subkey, index) => subkeyToWire(subkey, now, uses[index] ?? NEVER_USED));
    return { results, next: page.next ?? null };
  });

  app.post(list, { schema: createSchema }, async (request, reply) => {
    await register(callerOf(request), registrationOf(request.body));
    return reply.code(201).send({});
  });

  app.post(signedRegistration, { schema: createSignedSchema }, async (request, reply) => {
    const subkey = await register(callerOf(request), registrationOf(request.body), 'signature');
    return reply.code(201).send(await shown(subkey));
  });

  app.post(`${list}/activate`, { schema: activateSchema }, async (request) => ({
    encrypted_key: await activate(activationOf(request.body, contextOf(request))),
  }));

  app.get(one, { schema: readSchema }, async (request) => {
    const subkey = await store.subkey(callerOf(request).principal.credential.account, keyOf(request));
    if (subkey === undefined) throw new ApiError('NOT_FOUND', 'no such subkey');
    return shown(subkey);
  });

  app.put(one, { schema: renameSchema }, async (request) =>
    shown(await manage.rename(callerOf(request), keyOf(request), readName(request.body.name))),
  );

  app.delete(one, { schema: revokeSchema }, async (request, reply) => {
    const { result, receipt } = await manage.revoke(callerOf(request), keyOf(request));
    reply.header(REVOCATION_HEADER, receiptToWire(receipt));
    return { public_key: result.publicKey };
  });

  app.put(`${one}/allowed-cidrs`, { schema: allowlistSchema }, async (request, reply) => {
    const allowlist = readAllowlist(request.body.allowed_cidrs);
    const { result, receipt } = await manage.replaceAllowlist(callerOf(request), keyOf(request), allowlist);
    reply.header(REVOCATION_HEADER, receiptToWire(receipt));
    return shown(result);
  });
}

function registrationOf(body: CreateSubkeyBody): SubkeyRegistration {
  return {
    name: readName(body.name),
    publicKey: readPublicKey(body.public_key),
    allowlist: readAllowlist(body.allowed_cidrs),
    expiresIn: expiresInOf(body.expires_in),
    pending: pendingOf(body),
    stark: starkProofOf(body),
    wallet: walletProofOf(body),
  };
}

function expiresInOf(seconds: number | undefined): number {
  if (seconds === undefined || seconds === 0) return 0;
  if (seconds >= MIN_SUBKEY_SECONDS && seconds <= MAX_SUBKEY_SECONDS) return seconds;
  throw new ApiError(
    'VALIDATION_ERROR',
    `expires_in must be 0 (never) or ${MIN_SUBKEY_SECONDS} to ${MAX_SUBKEY_SECONDS} seconds`,
  );
}

function pendingOf(body: CreateSubkeyBody): SubkeyRegistration['pending'] {
  const state = body.state ?? 'active';
  const { pending_expires_in: lifeSeconds } = body;
  if (state === 'active') {
    if (lifeSeconds === undefined) return undefined;
    throw new ApiError('VALIDATION_ERROR', 'pending_expires_in is only for a pending subkey, with encrypted_key');
  }
  if (state !== 'pending') throw new ApiError('VALIDATION_ERROR', 'state must be active or pending');
  const { encrypted_key: encryptedKey, eph_public_key: ephPublicKey } = body;
  if (encryptedKey === undefined || encryptedKey === '' || ephPublicKey === undefined) {
    throw new ApiError('INVALID_REQUEST_PARAMETER', 'a pending subkey needs encrypted_key and eph_public_key');
  }
  return { encryptedKey, ephPublicKey: readPublicKey(ephPublicKey), lifeSeconds };
}

function activationOf(body: ActivateSubkeyBody, context: RequestContext): Activation {
  const account = parseFelt(body.account_id);
  if (account === undefined) throw new ApiError('INVALID_STARKNET_ADDRESS', 'account_id is not a Starknet address');
  const signature = parseSignaturePair(body.signature);
  if (signature === undefined) {
    throw new ApiError('INVALID_STARKNET_SIGNATURE', 'signature is not two strings of decimal or 0x hex digits');
  }
  return {
    account,
    publicKey: readPublicKey(body.public_key),
    timestamp: unixSeconds(body.timestamp),
    signature,
    name: body.name === undefined ? undefined : readName(body.name),
    requestId: context.requestId,
    clientIpText: context.clientIpText,
    asker: context.asker,
  };
}

function starkProofOf(body: CreateSubkeyBody): SubkeyRegistration['stark'] {
  if (body.signature === undefined) return undefined;
  if (body.signature_timestamp === undefined || body.signature_expiry === undefined) {
    throw new ApiError('INVALID_REQUEST_PARAMETER', 'signature needs signature_timestamp and signature_expiry');
  }
  const signature = parseSignaturePair(body.signature);
  if (signature === undefined) {
    throw new ApiError('INVALID_STARKNET_SIGNATURE', 'signature is not two strings of decimal or 0x hex digits');
  }
  return { signature, timestamp: unixSeconds(body.signature_timestamp), expiry: unixSeconds(body.signature_expiry) };
}

function walletProofOf(body: CreateSubkeyBody): SubkeyRegistration['wallet'] {
  if (body.siwe_message === undefined && body.evm_signature === undefined) return undefined;
  if (body.siwe_message === undefined || body.evm_signature === undefined) {
    throw new ApiError('INVALID_REQUEST_PARAMETER', 'siwe_message and evm_signature belong together');
  }
  return { siweMessage: body.siwe_message, signature: body.evm_signature };
}

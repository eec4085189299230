// GET and POST /v1/onboarding, POST /v2/onboarding (docs/wire.md section 3).
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance, FastifyRequest, FastifySchema } from 'fastify';
import Type from 'typebox';
import type { Onboard } from '../../credentials/onboard.ts';
import type { Felt } from '../../domain/felt.ts';
import { ApiError } from '../../errors.ts';
import { parseEthereumAddress } from '../../ethereum/eip191.ts';
import { closed, described, Empty, FeltWire, feltText, oneOf, open, PublicKeyText, SHOWN } from '../../wire/common.ts';
import { StarkOnboardingHeaders, WalletOnboardingHeaders } from '../../wire/logins.ts';
import { contextOf, originOf } from '../context.ts';
import {
  accountHeader,
  optionalHeader,
  readPublicKey,
  requiredHeader,
  signatureHeader,
  siweHeader,
} from '../kit/read.ts';

export interface DerivationHashes {
  readonly accountHash: Felt;
  readonly proxyHash: Felt;
  readonly evmAccountHash: Felt;
}

const signerTypes = 'starknet or eip191.';
const LookUpQuery = Type.Object(
  {
    account_signer_type: Type.Optional(
      Type.String({ [SHOWN]: { enum: ['starknet', 'eip191'] }, description: signerTypes }),
    ),
    public_key: Type.Optional(PublicKeyText),
    eth_address: Type.Optional(
      Type.String({ [SHOWN]: { pattern: '^0x[0-9a-fA-F]{40}$' }, description: '0x and 40 hex digits.' }),
    ),
    vault_operator_index: Type.Optional(Type.String({ description: 'Refused: there are no vault operators.' })),
  },
  open,
);
export const LookUpWire = Type.Object(
  {
    account_signer_type: described(oneOf(['starknet', 'eip191']), signerTypes),
    address: FeltWire,
    exists: Type.Boolean(),
    derivation_info: Type.Object(
      { class_hash: FeltWire, proxy_class_hash: Type.Optional(FeltWire) },
      { ...closed, description: 'The class hashes that the address follows from.' },
    ),
  },
  closed,
);
const starkKey = 'Stark public key, 0x hex.';
const OnboardBody = Type.Object(
  { public_key: Type.Optional(Type.String({ maxLength: 256, ...feltText, description: starkKey })) },
  open,
);
/** Uncompressed: the Ethereum address is derived from the whole public key. */
const OnboardWalletBody = Type.Object(
  {
    public_key: Type.String({
      maxLength: 256,
      [SHOWN]: { pattern: '^0x04[0-9a-fA-F]{128}$' },
      description: "The wallet's whole public key, uncompressed: 0x04 and 128 hex digits.",
    }),
  },
  open,
);

const lookUpSchema = {
  tags: ['Onboarding'],
  summary: 'The account address of a public key or a wallet, and whether it is onboarded',
  description: 'account_signer_type starknet wants public_key; eip191 wants eth_address.',
  querystring: LookUpQuery,
  response: { 200: LookUpWire },
  errors: [
    'INVALID_REQUEST_PARAMETER',
    'PUBLIC_KEY_INVALID',
    'INVALID_ETHEREUM_ADDRESS',
    'EVM_VAULT_OPERATORS_DISABLED',
    'ONBOARDING_RATE_LIMITED',
  ],
} as const satisfies FastifySchema;
const starkSchema = {
  tags: ['Onboarding'],
  summary: 'Make an account of a Stark key known',
  description: 'The signed message is the typed data of Constant with action Onboarding. Repeating it changes nothing.',
  readByHandler: { headers: StarkOnboardingHeaders },
  body: OnboardBody,
  response: { 200: Empty },
  errors: [
    'INVALID_STARKNET_ADDRESS',
    'INVALID_STARKNET_SIGNATURE',
    'STARKNET_SIGNATURE_VERIFICATION_FAILED',
    'PUBLIC_KEY_INVALID',
    'INVALID_PARENT_ACCOUNT',
    'ALLOWLIST_ENTRY_NOT_FOUND',
    'ONBOARDING_RATE_LIMITED',
  ],
} as const satisfies FastifySchema;
const walletSchema = {
  tags: ['Onboarding'],
  summary: 'Make an account of an Ethereum wallet known',
  description: 'The message has the statement "Paradex Onboarding". Repeating it changes nothing.',
  readByHandler: { headers: WalletOnboardingHeaders },
  body: OnboardWalletBody,
  response: { 200: Empty },
  errors: [
    'INVALID_STARKNET_ADDRESS',
    'INVALID_EVM_SIGNATURE',
    'EVM_SIGNATURE_VERIFICATION_FAILED',
    'ETHEREUM_SIGNER_MISMATCH',
    'INVALID_TIMESTAMP',
    'INVALID_BLOCK_EXPIRATION',
    'INVALID_PARENT_ACCOUNT',
    'PUBLIC_KEY_INVALID',
    'ALLOWLIST_ENTRY_NOT_FOUND',
    'ONBOARDING_RATE_LIMITED',
  ],
} as const satisfies FastifySchema;

/** The label is unproven: keep at most the length of an address. */
const MAX_LABEL = 66;

export function registerOnboardingRoutes(server: FastifyInstance, onboard: Onboard, hashes: DerivationHashes): void {
  const app = server.withTypeProvider<TypeBoxTypeProvider>();

  app.get('/v1/onboarding', { schema: lookUpSchema }, async (request) => {
    const { query } = request;
    const { asker } = contextOf(request);
    switch (query.account_signer_type) {
      case 'starknet': {
        const publicKey = required(query.public_key, 'public_key');
        return {
          account_signer_type: 'starknet' as const,
          ...(await onboard.lookUpStark(readPublicKey(publicKey), asker)),
          derivation_info: { class_hash: hashes.accountHash, proxy_class_hash: hashes.proxyHash },
        };
      }
      case 'eip191': {
        if (query.vault_operator_index !== undefined) {
          throw new ApiError('EVM_VAULT_OPERATORS_DISABLED', 'vault operators are off');
        }
        const address = parseEthereumAddress(required(query.eth_address, 'eth_address'));
        if (address === undefined) {
          throw new ApiError('INVALID_ETHEREUM_ADDRESS', 'eth_address is not 0x and 40 hex digits');
        }
        return {
          account_signer_type: 'eip191' as const,
          ...(await onboard.lookUpWallet(address, asker)),
          derivation_info: { class_hash: hashes.evmAccountHash },
        };
      }
      default:
        throw new ApiError('INVALID_REQUEST_PARAMETER', 'account_signer_type must be starknet or eip191');
    }
  });

  app.post('/v1/onboarding', { schema: starkSchema }, async (request) => {
    refuseParent(request);
    const text = request.body.public_key;
    await onboard.stark({
      ...whereOf(request),
      account: accountHeader(request.headers),
      publicKey: text === undefined || text === '' ? undefined : readPublicKey(text),
      signature: signatureHeader(request.headers),
      ethereumLabel: requiredHeader(request.headers, 'PARADEX-ETHEREUM-ACCOUNT').slice(0, MAX_LABEL),
    });
    return {};
  });

  for (const [path, schema] of [
    ['/v2/onboarding', walletSchema],
    ['/v1/v2/onboarding', { ...walletSchema, 'x-extension': true }],
  ] as const) {
    app.post(path, { schema }, async (request) => {
      refuseParent(request);
      const account = accountHeader(request.headers);
      const signature = requiredHeader(request.headers, 'PARADEX-EVM-SIGNATURE');
      const siweMessage = siweHeader(request.headers);
      const publicKey = required(request.body.public_key, 'public_key');
      await onboard.wallet({ ...whereOf(request), account, signature, siweMessage, publicKey });
      return {};
    });
  }
}

function whereOf(request: FastifyRequest) {
  const context = contextOf(request);
  return { ...originOf(context), asker: context.asker };
}

// There are no sub-accounts and no vault operators (docs/decisions.md "sub-accounts").
function refuseParent(request: FastifyRequest): void {
  for (const name of ['PARADEX-PARENT-ACCOUNT', 'PARADEX-STARKNET-ACCOUNT-DERIVATION-PATH']) {
    if (optionalHeader(request.headers, name) !== undefined) {
      throw new ApiError('INVALID_PARENT_ACCOUNT', 'sub-accounts are not supported');
    }
  }
}

function required(value: string | undefined, name: string): string {
  if (value === undefined || value === '') throw new ApiError('INVALID_REQUEST_PARAMETER', `${name} is required`);
  return value;
}

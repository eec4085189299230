// GET and POST /v1/onboarding, POST /v2/onboarding (WIRE 1.2 to 1.4).
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import Type from 'typebox';
import type { Onboard } from '../../credentials/onboard.ts';
import type { Felt } from '../../domain/felt.ts';
import { ApiError } from '../../errors.ts';
import { parseEthereumAddress } from '../../ethereum/eip191.ts';
import { closed, Empty, FeltWire, feltText, oneOf, open, SHOWN } from '../../wire/common.ts';
import { contextOf } from '../context.ts';
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

const LookUpQuery = Type.Object(
  {
    account_signer_type: Type.Optional(Type.String({ [SHOWN]: { enum: ['starknet', 'eip191'] } })),
    public_key: Type.Optional(Type.String(feltText)),
    eth_address: Type.Optional(Type.String({ [SHOWN]: { pattern: '^0x[0-9a-fA-F]{40}$' } })),
    vault_operator_index: Type.Optional(Type.String()),
  },
  open,
);
const LookUpWire = Type.Object(
  {
    account_signer_type: oneOf(['starknet', 'eip191']),
    address: FeltWire,
    exists: Type.Boolean(),
    derivation_info: Type.Object({ class_hash: FeltWire, proxy_class_hash: Type.Optional(FeltWire) }, closed),
  },
  closed,
);
const OnboardBody = Type.Object({ public_key: Type.Optional(Type.String({ maxLength: 256, ...feltText })) }, open);
/** The whole public key: an Ethereum address is made of it. */
const OnboardWalletBody = Type.Object(
  { public_key: Type.String({ maxLength: 256, [SHOWN]: { pattern: '^0x04[0-9a-fA-F]{128}$' } }) },
  open,
);

/** An unproven label is kept, but not more of it than an address is long. */
const MAX_LABEL = 66;

export function registerOnboardingRoutes(server: FastifyInstance, onboard: Onboard, hashes: DerivationHashes): void {
  const app = server.withTypeProvider<TypeBoxTypeProvider>();

  app.get(
    '/v1/onboarding',
    { schema: { querystring: LookUpQuery, response: { 200: LookUpWire } } },
    async (request) => {
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
    },
  );

  app.post('/v1/onboarding', { schema: { body: OnboardBody, response: { 200: Empty } } }, async (request) => {
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

  for (const path of ['/v2/onboarding', '/v1/v2/onboarding']) {
    const schema = { body: OnboardWalletBody, response: { 200: Empty } };
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
  const { requestId, clientIpText, asker } = contextOf(request);
  return { requestId, clientIpText, asker };
}

// Sub-accounts and vault operators are not in this release (WIRE 1.3, 12.16).
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

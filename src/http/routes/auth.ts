// POST /v1/auth, /v1/auth/{public_key} and /v2/auth: headers in, a session out. Bodies are ignored (docs/wire.md section 1).
import type { FastifyInstance, FastifyRequest, FastifySchema } from 'fastify';
import type { Login, LoginRequest } from '../../credentials/login.ts';
import { JwtWire, LoginQuery, PublicKeyParams, StarkLoginHeaders, WalletLoginHeaders } from '../../wire/logins.ts';
import { contextOf, originOf } from '../context.ts';
import {
  accountHeader,
  expirationHeader,
  isolatedHeader,
  readPublicKey,
  requiredHeader,
  signatureHeader,
  siweHeader,
  timestampHeader,
} from '../kit/read.ts';

const response = { 200: JwtWire };
const starkSchema = {
  tags: ['Login'],
  summary: 'Log in with a Stark key',
  description:
    'The signed message is the typed data of Request with method POST and path /v1/auth. The main key gives a main session, a subkey gives a subkey session. A body is ignored.',
  readByHandler: { headers: StarkLoginHeaders, query: LoginQuery },
  response,
  errors: [
    'NOT_ONBOARDED',
    'INVALID_STARKNET_ADDRESS',
    'INVALID_STARKNET_SIGNATURE',
    'INVALID_TIMESTAMP',
    'INVALID_BLOCK_EXPIRATION',
    'STARKNET_SIGNATURE_VERIFICATION_FAILED',
    'SIGNATURE_ALREADY_USED',
    'INVALID_SUBKEY',
    'IP_NOT_ALLOWED',
    'REQUEST_NOT_ALLOWED',
  ],
} as const satisfies FastifySchema;
const keyInPathSchema = {
  ...starkSchema,
  summary: 'Log in with the Stark key in the path: the main key or a subkey',
  readByHandler: { ...starkSchema.readByHandler, params: PublicKeyParams },
  errors: [...starkSchema.errors, 'PUBLIC_KEY_INVALID'],
} as const satisfies FastifySchema;
const walletSchema = {
  tags: ['Login'],
  summary: 'Log in with an Ethereum wallet (EIP-4361)',
  description:
    'The message has the statement "Paradex Auth", Issued At and Expiration Time, at most ten minutes apart; its nonce is good once. A body is ignored.',
  readByHandler: { headers: WalletLoginHeaders, query: LoginQuery },
  response,
  errors: [
    'NOT_ONBOARDED',
    'INVALID_STARKNET_ADDRESS',
    'INVALID_EVM_SIGNATURE',
    'INVALID_TIMESTAMP',
    'INVALID_BLOCK_EXPIRATION',
    'EVM_SIGNATURE_VERIFICATION_FAILED',
    'SIGNATURE_ALREADY_USED',
    'ETHEREUM_SIGNER_MISMATCH',
    'REQUEST_NOT_ALLOWED',
  ],
} as const satisfies FastifySchema;

export function registerAuthRoutes(app: FastifyInstance, login: Login): void {
  app.post('/v1/auth', { schema: starkSchema }, async (request) => starkLogin(request, false));
  app.post('/v1/auth/:public_key', { schema: keyInPathSchema }, async (request) => starkLogin(request, true));
  for (const [path, schema] of [
    ['/v2/auth', walletSchema],
    ['/v1/v2/auth', { ...walletSchema, 'x-extension': true }],
  ] as const) {
    app.post(path, { schema }, async (request) => {
      const account = accountHeader(request.headers);
      const signature = requiredHeader(request.headers, 'PARADEX-EVM-SIGNATURE');
      const siweMessage = siweHeader(request.headers);
      return { jwt_token: await login.wallet({ ...common(request), account, signature, siweMessage }) };
    });
  }

  async function starkLogin(request: FastifyRequest, keyInPath: boolean) {
    const { headers } = request;
    const { params } = contextOf(request);
    const jwt = await login.stark({
      ...common(request),
      account: accountHeader(headers),
      publicKey: keyInPath ? readPublicKey(params.public_key) : undefined,
      signature: signatureHeader(headers),
      timestamp: timestampHeader(headers),
      expiration: expirationHeader(headers),
    });
    return { jwt_token: jwt };
  }
}

function common(request: FastifyRequest): Omit<LoginRequest, 'account'> {
  const context = contextOf(request);
  const { clientIp, asker } = context;
  const query = new URL(request.raw.url ?? '/', 'http://localhost').searchParams;
  return {
    ...originOf(context),
    clientIp,
    asker,
    isolated: isolatedHeader(request.headers),
    // Other values are ignored.
    tokenUsage: query.get('token_usage') === 'interactive' ? 'interactive' : undefined,
  };
}

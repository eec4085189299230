// POST /v1/auth, /v1/auth/{public_key} and /v2/auth: headers in, a session out. Bodies are ignored (WIRE section 2).
import type { FastifyInstance, FastifyRequest } from 'fastify';
import Type from 'typebox';
import type { Login, LoginRequest } from '../../credentials/login.ts';
import { closed } from '../../wire/common.ts';
import { contextOf } from '../context.ts';
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

const SessionWire = Type.Object({ jwt_token: Type.String() }, closed);
const schema = { response: { 200: SessionWire } };

export function registerAuthRoutes(app: FastifyInstance, login: Login): void {
  app.post('/v1/auth', { schema }, async (request) => starkLogin(request, false));
  app.post('/v1/auth/:public_key', { schema }, async (request) => starkLogin(request, true));
  for (const path of ['/v2/auth', '/v1/v2/auth']) {
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
  const { requestId, clientIp, clientIpText, asker } = contextOf(request);
  const query = new URL(request.raw.url ?? '/', 'http://localhost').searchParams;
  return {
    requestId,
    clientIp,
    clientIpText,
    asker,
    isolated: isolatedHeader(request.headers),
    // Other values are ignored (WIRE 2.1).
    tokenUsage: query.get('token_usage') === 'interactive' ? 'interactive' : undefined,
  };
}

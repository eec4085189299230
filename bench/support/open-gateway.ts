// A process: our server, front and forwarder, with an authorize that allows everybody. What it costs less than the gateway as
// shipped is the price of the decision. It is for measuring only: nothing that it forwards was asked for a credential.
// Usage: node bench/support/open-gateway.ts <port of the venue>

import pino from 'pino';
import { openGrantForAnyone } from '../../src/access/grant.ts';
import { builtInFigures } from '../../src/access/own-routes.ts';
import { createRouteMatcher, parseRouteTable } from '../../src/access/route-table.ts';
import paradexRoutes from '../../src/access/routes/paradex.json' with { type: 'json' };
import { MIN_BYTES_PER_SECOND } from '../../src/config/derived.ts';
import { settingOf } from '../../src/config/schema.ts';
import { feltOf } from '../../src/domain/felt.ts';
import { permissionsOf } from '../../src/domain/kinds.ts';
import type { Principal } from '../../src/domain/principal.ts';
import { passedHeaders } from '../../src/domain/request-headers.ts';
import { createShares } from '../../src/domain/shares.ts';
import { createClock, NEVER, systemWall, unixSeconds } from '../../src/domain/time.ts';
import { createForward } from '../../src/gateway/forward.ts';
import { createUpstream } from '../../src/gateway/upstream.ts';
import { createAdmission } from '../../src/http/admission.ts';
import { createFront } from '../../src/http/front.ts';
import { createPeers } from '../../src/http/kit/client-ip.ts';
import { createCors } from '../../src/http/kit/cors.ts';
import { createRequestIds } from '../../src/http/kit/request-ids.ts';
import { createHttpServer } from '../../src/http/kit/server.ts';
import { rateLimitsOf } from '../../src/ratelimit/from-figures.ts';
import { createRateLimiter } from '../../src/ratelimit/limiter.ts';
import { createTelemetry } from '../../src/telemetry/telemetry.ts';

const seconds = (name: 'upstream.timeout' | 'http.request_timeout' | 'http.keep_alive_timeout'): number =>
  settingOf[name].default * 1000;

const principal: Principal = {
  credential: { account: feltOf(0x1234567890abcdefn), kind: 'main', id: 'main' },
  permissions: permissionsOf('main', { tokensMayReadKeys: false }),
  label: '0x1234567890abcdef',
  kid: 'none',
  session: 'none',
  expiresAt: unixSeconds(2 ** 40),
  authTime: unixSeconds(0),
  isolated: false,
  tokenUsage: undefined,
};
const clock = createClock({ wall: systemWall, monotonic: () => performance.now(), floor: NEVER });
const front = createFront(
  {
    admit: createAdmission({
      match: createRouteMatcher(parseRouteTable(paradexRoutes)),
      authorize: () => ({ ...openGrantForAnyone(), principal }),
      clientIp: createPeers({ trusted: [] }).clientIp,
      limiter: createRateLimiter({ enabled: false, limits: rateLimitsOf(builtInFigures), maxKeys: 16, clock }),
      clock,
      refuseUnsignedRoutes: false,
      maxTargetBytes: settingOf['http.max_header_bytes'].default / 2,
    }),
    forwardedProto: () => undefined,
    requestIds: createRequestIds(),
    cors: createCors([], []),
    journal: {
      login: () => undefined,
      terminalToken: () => undefined,
      refused: () => undefined,
      loginRefused: () => undefined,
      ended: () => undefined,
      writeLogins: async () => undefined,
      close: async () => undefined,
    },
    telemetry: createTelemetry(pino({ level: 'silent' })),
    forward: createForward({
      upstream: createUpstream({
        address: { kind: 'http', origin: `http://127.0.0.1:${Number(process.argv[2])}`, basePath: '', loopback: true },
        connections: settingOf['upstream.connections'].default,
        maxWaiting: settingOf['upstream.queue'].default,
        connectTimeoutMs: 2000,
      }),
      upstreamSecret: undefined,
      passed: passedHeaders([]),
      protocol: 'http',
      deadlineMs: seconds('upstream.timeout'),
      idleMs: seconds('upstream.timeout'),
      bodies: createShares(settingOf['upstream.memory'].default / 2),
      answers: createShares(settingOf['upstream.memory'].default / 2),
      maxAnswerCopyBytes: settingOf['upstream.memory'].default / 32,
      maxPausedAnswers: settingOf['upstream.connections'].default / 4,
      pace: { minBytesPerSecond: MIN_BYTES_PER_SECOND, windowMs: 10_000 },
    }),
    maxForwardBodyBytes: settingOf['http.max_forward_body_bytes'].default,
  },
  (_request, response) => void response.writeHead(404).end(),
);
const server = createHttpServer(
  {
    at: { host: '127.0.0.1', port: 0 },
    maxHeaderBytes: settingOf['http.max_header_bytes'].default,
    maxConnections: settingOf['http.max_connections'].default,
    requestTimeoutMs: seconds('http.request_timeout'),
    keepAliveTimeoutMs: seconds('http.keep_alive_timeout'),
    silenceTimeoutMs: seconds('upstream.timeout') + seconds('http.request_timeout'),
  },
  front,
);
process.stdout.write(`listening on http://127.0.0.1:${await server.listen()}\n`);
process.once('SIGTERM', () => process.exit(0));

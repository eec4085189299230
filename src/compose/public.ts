// The public door: the front that decides, our own handlers behind it, and the listener.
import manifest from '../../package.json' with { type: 'json' };
import { onEveryHost, onOwnHost } from '../access/host-routes.ts';
import { consoleHost, MAX_OWN_BODY_BYTES, maxTargetBytes } from '../config/derived.ts';
import type { LoadedConfig } from '../config/load.ts';
import { createAdmission } from '../http/admission.ts';
import { createExplainRefusal } from '../http/explain-refusal.ts';
import { createFront } from '../http/front.ts';
import { createHandlers } from '../http/handlers.ts';
import { createPeers } from '../http/kit/client-ip.ts';
import { createCors } from '../http/kit/cors.ts';
import { createForwardedProto } from '../http/kit/forwarded-proto.ts';
import { createHttpServer } from '../http/kit/server.ts';
import { standardOutput } from '../telemetry/output.ts';
import type { Readiness } from '../telemetry/readiness.ts';
import { createRequestLines } from '../telemetry/request-lines.ts';
import type { Authority } from './authority.ts';
import { composeConsole } from './console.ts';
import { consoleAddress } from './console-address.ts';
import type { Core } from './core.ts';
import type { Explain } from './explain.ts';
import type { Gateway } from './gateway.ts';
import type { Limits } from './limits.ts';
import type { Monitoring } from './monitoring.ts';
import { createOpening } from './opening.ts';
import type { Prepared } from './prepare.ts';

export interface PublicParts extends Pick<Prepared, 'tls' | 'routes' | 'connections'>, Monitoring {
  readonly core: Pick<Core, 'clock' | 'keyring' | 'view' | 'journal' | 'store' | 'usage'>;
  readonly explainer: Explain['explainer'];
  readonly authority: Authority;
  readonly gateway: Pick<Gateway, 'forward' | 'upstream'>;
  readonly limits: Pick<Limits, 'limiter' | 'handshakes'>;
  readonly readiness: Readiness;
  /** Where the console was built; stands in for the folder of the release. */
  readonly consoleFolder?: string | undefined;
}

export async function composePublic({ config, sources }: LoadedConfig, parts: PublicParts) {
  const { core, authority, gateway, limits, readiness, tls, routes, connections } = parts;
  const { log, counters, telemetry, requestIds } = parts;
  const { clock, keyring, view, journal, store, usage } = core;
  await using opening = createOpening(log);
  const requestLines = createRequestLines({
    log,
    counters,
    requests: config['log.requests'],
    perMinute: config['log.requests_per_minute'],
    hasRoom: standardOutput().hasRoom,
  });
  opening.defer(requestLines.flush);
  const peers = createPeers({ trusted: config['proxy.trusted'] });
  const { explainer } = parts;
  const explainRefusal = createExplainRefusal({ explainer, peers });
  const console = await composeConsole(config, { log, table: routes.table, folder: parts.consoleFolder });
  const handlers = await createHandlers({
    ...authority,
    system: { config, clock, keyring },
    self: { view, clock },
    activity: { store },
    explain: { store, explainer },
    explainRefusal,
    journal,
    about: { config, console: console.about, version: manifest.version, siweDomains: authority.siweDomains },
    console: console.served,
    usage,
    readiness,
    telemetry,
    maxBodyBytes: MAX_OWN_BODY_BYTES,
    table: routes.table,
  });
  opening.defer(() => handlers.close());
  const admit = createAdmission({
    matcherOf: config['console.own_host'] ? onOwnHost(routes.table, config['console.url']) : onEveryHost(routes.table),
    authorize: authority.authorize,
    clientIp: peers.clientIp,
    limiter: limits.limiter,
    clock,
    refuseUnsignedRoutes: config['orders.unsigned_routes'] === 'refuse',
    maxTargetBytes: maxTargetBytes(config),
  });
  const front = createFront(
    {
      admit,
      requestIds,
      forwardedProto: createForwardedProto(peers.isTrusted),
      cors: createCors(config['cors.origins'], config['cors.headers']),
      journal,
      usage,
      explainRefusal,
      telemetry,
      requestLines,
      forward: gateway.forward,
      maxForwardBodyBytes: config['http.max_forward_body_bytes'],
    },
    handlers.serve,
  );
  const server = createHttpServer(
    {
      at: { host: config['server.host'], port: config['server.port'] },
      maxHeaderBytes: config['http.max_header_bytes'],
      maxConnections: connections.most,
      perAddress: {
        maxConnections: config['http.max_connections_per_address'],
        keysOf: peers.connectionKeys,
        mayShakeHands: (keys) => limits.handshakes?.charge(keys) ?? true,
      },
      told: {
        unreadable: ({ code }) => counters.errors.add(code),
        closedUnheard: (why) => counters.closedUnheard.add(why),
      },
      requestTimeoutMs: config['http.request_timeout'] * 1000,
      keepAliveTimeoutMs: config['http.keep_alive_timeout'] * 1000,
      // Longer than the venue may be silent, so that the exchange times out first, with an answer.
      silenceTimeoutMs: (config['upstream.timeout'] + config['http.request_timeout']) * 1000,
      tls,
    },
    front,
  );
  const port = await server.listen();
  // Then the connections to the venue end: a client that still waits is answered 503, which says whether its request was sent.
  opening.defer(() => server.drain(config['http.drain_timeout'] * 1000, gateway.upstream.destroy));
  if (sources['siwe.domains'].kind === 'default') {
    const own = [consoleHost(config) ?? [], `localhost:${port}`, `127.0.0.1:${port}`].flat();
    authority.siweDomains.push(...own.filter((domain, i) => own.indexOf(domain) === i));
  }
  const host = config['server.host'].includes(':') ? `[${config['server.host']}]` : config['server.host'];
  const scheme = tls === undefined ? 'http' : 'https';
  const url = `${scheme}://${host}:${port}`;
  return {
    url,
    consoleAddress: console.served && consoleAddress(config, url),
    [Symbol.asyncDispose]: opening.move(),
  };
}

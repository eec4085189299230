// The venue's door: it answers only the gateway, which has the upstream secret, and never reads Authorization.
import { createHash, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { toJson } from './decimal.ts';
import { invalid, Refusal } from './input.ts';
import { createRoutes } from './routes.ts';

/** A unix socket in a folder of the caller's, or a loopback port (0 = any that is free). */
type Listen = { readonly path: string } | { readonly host: string; readonly port: number };
export type SeenRequest = Readonly<Record<'method' | 'target', string>> & { readonly headers: IncomingHttpHeaders };
export type Venue = Awaited<ReturnType<typeof startVenue>>;

const KEPT = 1000;
const BODY_BYTES = 64 * 1024;
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes <= BODY_BYTES) chunks.push(chunk);
  }
  if (bytes > BODY_BYTES) throw new Refusal(413, 'PAYLOAD_TOO_LARGE', 'the body is longer than 64 KiB');
  try {
    return bytes === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    throw new Refusal(400, 'BINDING_ERROR', 'the body is not JSON');
  }
}

/**
 * Starts a venue with no accounts: each opens with a demo balance when it is first named. Every request must bring `secret`, of at
 * least 16 characters, in Countersign-Upstream-Secret. `close` cuts what is under way.
 */
export async function startVenue({ secret, listen }: { readonly secret: string; readonly listen: Listen }) {
  if (secret.length < 16) throw new RangeError('the upstream secret must have at least 16 characters');
  if ('host' in listen && !['127.0.0.1', '::1'].includes(listen.host)) throw new RangeError('only 127.0.0.1 or ::1');
  const routes = createRoutes();
  const templates = new Map([...routes.keys()].map((template) => [template.replace(/\{.*/, ''), template]));
  const counts = new Map<string, number>();
  const seen: SeenRequest[] = [];
  let total = 0;

  async function answer(request: IncomingMessage): Promise<readonly [status: number, body: unknown]> {
    const { method = '', url: target = '', headers } = request;
    const header = (name: string): string => String(headers[`countersign-${name}`] ?? '');
    // Never normalise the path: this venue must see what the gateway matched.
    const [, path = '', last = '', query] = /^([^?]*?\/)([^/?]*)\/?(?:\?(.*))?$/.exec(target) ?? [];
    const exact = `${method} ${path}${last}`;
    const template = templates.get(exact) ?? templates.get(`${method} ${path}`) ?? exact;
    total += 1;
    if (counts.size < KEPT || counts.has(template)) counts.set(template, (counts.get(template) ?? 0) + 1);
    if (seen.push({ method, target, headers }) > KEPT) seen.shift();
    if (!timingSafeEqual(digest(header('upstream-secret')), digest(secret)))
      throw new Refusal(403, 'REQUEST_NOT_ALLOWED', 'this venue answers its gateway only');
    const body = await readJson(request);
    const route = routes.get(template);
    // The rest of the Paradex API: nothing is kept there, so there is nothing to tell and nothing to protect.
    if (route === undefined) return [200, method === 'GET' ? { results: [] } : {}];
    const identity = { account: header('account'), permissions: header('permissions').split(' ') };
    const result = route({ ...identity, name: decodeURIComponent(last), query: new URLSearchParams(query), body });
    return [result === undefined ? 204 : method === 'POST' ? 201 : 200, result];
  }

  const server = createServer(async (request, response) => {
    const [status, body] = await answer(request).catch((error: unknown) => {
      if (error instanceof URIError) return [400, invalid('the path is malformed').body] as const;
      const refusal = error instanceof Refusal ? error : new Refusal(500, 'INTERNAL_ERROR', 'the venue failed');
      return [refusal.status, refusal.body] as const;
    });
    response.writeHead(status, body === undefined ? {} : { 'Content-Type': 'application/json' });
    response.end(body === undefined ? undefined : toJson(body));
  });
  server.requestTimeout = 30_000;
  server.listen(listen);
  await once(server, 'listening');
  if ('path' in listen) chmodSync(listen.path, 0o600);
  const bound = server.address();
  const host = 'host' in listen && listen.host === '::1' ? '[::1]' : '127.0.0.1';
  return {
    address: typeof bound === 'object' ? `http://${host}:${bound?.port}` : `unix:${bound}`,
    /** Requests that arrived, refused ones too, by `METHOD /template`, or `METHOD /path` where there is no template. */
    counts: (): ReadonlyMap<string, number> => counts,
    total: (): number => total,
    requests: (): readonly SeenRequest[] => seen, // the latest 1000, oldest first
    async close(): Promise<void> {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

// What is attacked: a server started for this run in a folder that is thrown away, or an installation of the operator's own, on
// loopback and nowhere else.
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { type AddressInfo, isIP } from 'node:net';
import { type Home, homeIn, MAIN } from '../support/server-process.ts';
import { type Running, start } from '../support/started.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** A request as the venue got it. */
export interface Arrived {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A server of this run's own, with a venue that keeps what it gets. */
export interface OwnServer {
  readonly server: Running;
  readonly home: Home;
  readonly venue: { readonly url: string; takeArrived(): Arrived[] };
}

export interface Target {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** Undefined for an installation of somebody's. */
  readonly own: OwnServer | undefined;
  close(): Promise<void>;
}

/** Throws RangeError for anything but `http://` on loopback: nobody else's server is attacked with this. */
export function installationAt(text: string): Target {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const host = url?.hostname.replace(/^\[(.*)\]$/, '$1') ?? '';
  const isLoopback = host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
  if (url?.protocol !== 'http:' || !isLoopback || url.href !== `${url.origin}/`) {
    throw new RangeError('--url must be http://127.0.0.1:port, http://[::1]:port or http://localhost:port');
  }
  return { url: url.origin, host, port: Number(url.port || 80), own: undefined, close: async () => undefined };
}

/** The arguments of `node` for a server in that home, as it is shipped. */
export const serveIn = (home: Home, port: number, ...settings: string[]): string[] => [
  MAIN,
  'serve',
  `--port=${port}`,
  `--data=${home.data}`,
  `--master_key.file=${home.key}`,
  ...settings,
];

export const spawnIn = (home: Home, ...settings: string[]): Running =>
  start(process.execPath, serveIn(home, 0, ...settings), { cwd: home.tmp, env: { TMPDIR: home.tmp } });

/** Where it listens; rejects, with what it printed, if it ends before. */
export async function listening(server: Running): Promise<string> {
  const [, url = ''] = await server.printed(/^listening on (http:\S+)$/m);
  return url;
}

export async function startOwn(): Promise<Target & { readonly own: OwnServer }> {
  const venue = await startRecordingVenue();
  const home = homeIn(temporaryFolder('attack'));
  const server = spawnIn(home, `--upstream=${venue.url}`, '--log.level=warn');
  const url = await listening(server);
  return {
    url,
    host: '127.0.0.1',
    port: Number(new URL(url).port),
    own: { server, home, venue },
    async close() {
      server.signal('SIGTERM');
      await server.ended;
      await venue.close();
    },
  };
}

/** A port that nobody has at the moment, for a server that cannot say which one it took. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function startRecordingVenue() {
  let arrived: Arrived[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      arrived.push({ method, target: url, headers, body });
      response.setHeader('Content-Type', 'application/json');
      // Some answers are too large for any buffer between here and a client that does not read.
      response.end(url.startsWith('/v1/markets') ? `"${'x'.repeat(LARGE_ANSWER)}"` : '{"results":[]}');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    takeArrived() {
      const taken = arrived;
      arrived = [];
      return taken;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const LARGE_ANSWER = 4 * 2 ** 20;

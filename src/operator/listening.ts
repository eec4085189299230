// Where the operator API listens: a loopback port, a unix socket for its owner, or both. Each has its own limit of connections, so that a flood
// on the port cannot block the socket.
import type { RequestListener } from 'node:http';
import { OPERATOR_CONNECTIONS } from '../config/descriptors.ts';
import { ConfigError } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { isSystemError, OperatorPlaceTaken } from '../errors.ts';
import type { ListenAt } from '../http/kit/listen.ts';
import { createHttpServer } from '../http/kit/server.ts';
import { clearOperatorSocket, operatorSocketOf } from './socket-file.ts';

/** Commands take a moment; an export that is cut can be repeated. */
const DRAIN_MS = 1_000;

export interface OperatorListener {
  /** `http://host:port` as bound, or `unix:path` where there is no port. */
  readonly url: string;
  stop(): Promise<void>;
}

/** The places by operator.socket. Throws ConfigError when it demands a socket that cannot be made. */
export function operatorPlaces(config: Config): readonly ListenAt[] {
  const port = { host: config['operator.host'], port: operatorPort(config) };
  if (config['operator.socket'] === 'off') return [port];
  const socketPath = operatorSocketOf(config['data.folder']);
  if (config['operator.socket'] === 'beside') return socketPath === undefined ? [port] : [port, { socketPath }];
  if (socketPath !== undefined) return [{ socketPath }];
  throw new ConfigError([
    `operator.socket: only, and the path of a socket in ${config['data.folder']} would be too long; choose a shorter data.folder`,
  ]);
}

/** What an operator should know, though the listener works. */
export interface ListeningNotes {
  /** The file system of the data has no sockets: the port alone answers. */
  withoutSocket(path: string, error: unknown): void;
  /** The port that operator.port = auto stands for is taken: another one answers. */
  onFreePort(taken: number, bound: number): void;
}

/**
 * Listens everywhere or nowhere, but for what `notes` is told: a socket that cannot be made beside a port is left out, and a free port stands
 * in for a taken one that nobody chose. Rejects with OperatorPlaceTaken, or UnsafeFile for what stands in the place of the socket.
 */
export async function listenForOperator(
  places: readonly ListenAt[],
  config: Config,
  front: RequestListener,
  notes: ListeningNotes,
): Promise<OperatorListener> {
  const left = operatorSocketOf(config['data.folder']);
  if (left !== undefined) await clearOperatorSocket(left);
  const stopping: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => void (await Promise.all(stopping.splice(0).map((each) => each())));
  const urls: string[] = [];
  try {
    for (const at of places) {
      await listen(at).catch(async (cause: unknown) => {
        if (isInUse(cause)) {
          // Nobody chose the port, and commands learn the address from its file.
          if ('socketPath' in at || config['operator.port'] !== 'auto' || at.port === 0)
            throw new OperatorPlaceTaken(takenSentence(at), { cause });
          notes.onFreePort(at.port, await listen({ host: at.host, port: 0 }));
        } else {
          if (!('socketPath' in at) || urls.length === 0) throw cause;
          notes.withoutSocket(at.socketPath, cause);
        }
      });
    }
  } catch (error) {
    await stop();
    throw error;
  }
  const [url = ''] = urls;
  return { url, stop };

  async function listen(at: ListenAt): Promise<number> {
    const server = createHttpServer(
      {
        at,
        maxHeaderBytes: config['http.max_header_bytes'],
        maxConnections: OPERATOR_CONNECTIONS,
        requestTimeoutMs: config['http.request_timeout'] * 1000,
        keepAliveTimeoutMs: config['http.keep_alive_timeout'] * 1000,
        silenceTimeoutMs: config['http.request_timeout'] * 1000,
      },
      front,
    );
    const port = await server.listen();
    stopping.push(() => server.drain(DRAIN_MS));
    urls.push(urlOf(at, port));
    return port;
  }
}

function operatorPort(config: Config): number {
  const port = config['operator.port'];
  if (port !== 'auto') return port;
  return config['server.port'] === 0 ? 0 : config['server.port'] + 1;
}

function urlOf(at: ListenAt, bound: number): string {
  if ('socketPath' in at) return `unix:${at.socketPath}`;
  return `http://${at.host.includes(':') ? `[${at.host}]` : at.host}:${bound}`;
}

const takenSentence = (at: ListenAt): string =>
  'socketPath' in at
    ? `another program has made ${at.socketPath} meanwhile, where the operator API is to answer`
    : `the port ${at.port} of the operator API is in use by another program; choose another with --operator.port`;

const isInUse = (error: unknown): boolean => isSystemError(error) && error.code === 'EADDRINUSE';

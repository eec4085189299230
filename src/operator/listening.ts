// Where the operator API listens: a port of the loopback interface, a socket for its owner alone, or both. Each has connections of its
// own, so that who takes all of the port's keeps nobody from the socket.
import type { RequestListener } from 'node:http';
import { OPERATOR_CONNECTIONS } from '../config/descriptors.ts';
import { ConfigError } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { isSystemError, OperatorPlaceTaken } from '../errors.ts';
import type { ListenAt } from '../http/kit/listen.ts';
import { createHttpServer } from '../http/kit/server.ts';
import { clearOperatorSocket, operatorSocketOf } from './socket-file.ts';

/** A command is answered in a moment; what takes longer, an export, can be asked for again. */
const DRAIN_MS = 1_000;

export interface OperatorListener {
  /** `http://host:port` as bound, or `unix:path` where there is no port. */
  readonly url: string;
  stop(): Promise<void>;
}

/** The places that operator.socket asks for. Throws ConfigError when it demands a socket and there can be none. */
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

/**
 * Listens everywhere or nowhere, but for a socket that the file system of the data cannot have, where there is a port: that is left out,
 * and `withoutSocket` is told. Rejects with OperatorPlaceTaken, or UnsafeFile for what stands in the place of the socket.
 */
export async function listenForOperator(
  places: readonly ListenAt[],
  config: Config,
  front: RequestListener,
  withoutSocket: (path: string, error: unknown) => void,
): Promise<OperatorListener> {
  const left = operatorSocketOf(config['data.folder']);
  if (left !== undefined) await clearOperatorSocket(left);
  const stopping: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => void (await Promise.all(stopping.splice(0).map((each) => each())));
  const urls: string[] = [];
  try {
    for (const at of places) {
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
      const port = await server.listen().catch((cause: unknown) => {
        if (isInUse(cause)) throw new OperatorPlaceTaken(takenSentence(at), { cause });
        if (!('socketPath' in at) || urls.length === 0) throw cause;
        withoutSocket(at.socketPath, cause);
        return undefined;
      });
      if (port === undefined) continue;
      stopping.push(() => server.drain(DRAIN_MS));
      urls.push(urlOf(at, port));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  const [url = ''] = urls;
  return { url, stop };
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

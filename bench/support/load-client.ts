// Asks the load process for one measurement, and takes the processor time of the server from outside meanwhile.
import { join } from 'node:path';
import type { Answer, Done, Work } from './load.ts';
import { percentile } from './measure.ts';
import { type Running, start } from './processes.ts';

export interface Measured {
  /** Microseconds of the server's processor time per request. */
  readonly cpu: number;
  readonly requestsPerSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** The share of one core that the server was busy, 0 to 1 and more. */
  readonly busy: number;
}

export interface Load {
  /** Rejects when an answer is not the expected one. */
  send(work: Work): Promise<Done>;
  /** The same, with what it cost `server`. */
  measure(server: Pick<Running, 'cpuSeconds'>, work: Work): Promise<Measured>;
  stop(): Promise<void>;
}

export function startLoad(): Load {
  const running = start(process.execPath, [join(import.meta.dirname, 'load.ts')], { core: 'load', ipc: true });
  const { child } = running;

  const send = (work: Work): Promise<Done> =>
    new Promise((resolve, reject) => {
      const ended = () => reject(new Error('the load process has ended'));
      child.once('exit', ended).once('message', (answer: Answer) => {
        child.off('exit', ended);
        if ('failed' in answer) reject(new Error(`port ${work.port}: ${answer.failed}`));
        else resolve(answer.done);
      });
      child.send(work);
    });

  return {
    send,
    async measure(server, work) {
      const before = server.cpuSeconds();
      const { seconds, latencies } = await send(work);
      const used = server.cpuSeconds() - before;
      return {
        cpu: (used / work.count) * 1e6,
        requestsPerSecond: work.count / seconds,
        p50: percentile(latencies, 0.5),
        p99: percentile(latencies, 0.99),
        busy: used / seconds,
      };
    },
    stop: () => running.stop(),
  };
}

/** A whole HTTP/1.1 request as a trading client writes one. */
export function requestText(
  method: string,
  target: string,
  options: { readonly bearer?: string; readonly body?: string } = {},
): string {
  const { bearer, body } = options;
  const lines = [
    `${method} ${target} HTTP/1.1`,
    'Host: localhost',
    'User-Agent: countersign-bench',
    'Accept: application/json',
    'Accept-Encoding: gzip, deflate',
    ...(bearer === undefined ? [] : [`Authorization: Bearer ${bearer}`]),
    ...(body === undefined ? [] : ['Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`]),
  ];
  return `${lines.join('\r\n')}\r\n\r\n${body ?? ''}`;
}

// A process: sends requests over keep-alive connections, the next one on each as soon as its answer has arrived, and measures how
// long each took. Plain sockets: a full client would cost more than some of the servers that it measures.
import { connect } from 'node:net';

/** What the process is asked for, by message. */
export interface Work {
  readonly port: number;
  readonly connections: number;
  /** Requests in all; the given ones are sent in turns. */
  readonly count: number;
  /** Whole requests, in HTTP/1.1. */
  readonly requests: readonly string[];
  /** The status that every answer must have. */
  readonly status: number;
}

export interface Done {
  readonly seconds: number;
  /** Milliseconds from request to answer, unordered. */
  readonly latencies: readonly number[];
}

export type Answer = { readonly done: Done } | { readonly failed: string };

function run({ port, connections, count, requests, status }: Work): Promise<Done> {
  const payloads = requests.map((text) => Buffer.from(text));
  const latencies: number[] = [];
  let sent = 0;
  return new Promise((resolve, reject) => {
    const begun = performance.now();
    let open = connections;
    for (let i = 0; i < connections; i += 1) {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      let at = 0;
      let unread = '';
      const fail = (why: string) => {
        socket.destroy();
        reject(new Error(why));
      };
      const next = () => {
        const payload = payloads[sent % payloads.length];
        if (sent >= count || payload === undefined) {
          socket.off('close', closed).destroy();
          open -= 1;
          if (open === 0) resolve({ seconds: (performance.now() - begun) / 1000, latencies });
          return;
        }
        sent += 1;
        at = performance.now();
        socket.write(payload);
      };
      const closed = () => fail(`the connection was closed after ${latencies.length} answers`);
      socket.setEncoding('latin1').on('error', (error) => fail(error.message));
      socket.on('close', closed).on('connect', next);
      socket.on('data', (chunk: string) => {
        unread += chunk;
        const headEnd = unread.indexOf('\r\n\r\n');
        if (headEnd === -1) return;
        const [, length] = /\r\ncontent-length: *(\d+)/i.exec(unread.slice(0, headEnd)) ?? [];
        if (Number(unread.slice(9, 12)) !== status || length === undefined) {
          fail(`not an answer ${status} of known length: ${unread.slice(0, 2000)}`);
          return;
        }
        if (unread.length < headEnd + 4 + Number(length)) return;
        unread = '';
        latencies.push(performance.now() - at);
        next();
      });
    }
  });
}

process.on('message', (work: Work) => {
  const answer = (message: Answer): unknown => process.send?.(message);
  run(work).then(
    (done) => answer({ done }),
    (error: unknown) => answer({ failed: error instanceof Error ? error.message : String(error) }),
  );
});
process.once('disconnect', () => process.exit(0));

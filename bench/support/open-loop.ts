// A process: sends requests at a steady rate, whether or not the answers keep up, and tells how long each answer took since its
// request was due. A server that stalls is so charged for everybody who would have waited meanwhile.
import { connect, type Socket } from 'node:net';

/** What the process is asked for, by message. */
export interface Stream {
  readonly port: number;
  readonly seconds: number;
  readonly perSecond: number;
  /** The n-th request, in turns, goes over the n-th connection, in turns. */
  readonly connections: number;
  readonly requests: readonly { readonly label: string; readonly text: string }[];
}

export interface StreamResult {
  /** By label. */
  readonly answers: Readonly<Record<string, Answers>>;
  /** Sent and never answered: on connections that the server closed, or when the time was up, and some more. */
  readonly unanswered: number;
  /** Connections that the server closed, as it does with those that keep too many requests waiting; each was opened anew. */
  readonly closed: number;
}

export interface Answers {
  /** By status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Milliseconds from when the request was due, unordered. */
  readonly latencies: readonly number[];
}

export type StreamAnswer = { readonly done: StreamResult } | { readonly failed: string };

/** How long the last answers may take. */
const PATIENCE_MS = 5_000;
const TICK_MS = 1;

interface Sent {
  readonly label: string;
  readonly dueAt: number;
}

interface Lane {
  send(bytes: Buffer, sent: Sent): void;
  readonly waiting: number;
  readonly lost: number;
  readonly closed: number;
  end(): void;
}

function run({ port, seconds, perSecond, connections, requests }: Stream): Promise<StreamResult> {
  const answers: Record<string, { statuses: Record<string, number>; latencies: number[] }> = {};
  const payloads = requests.map(({ label, text }) => ({ label, bytes: Buffer.from(text) }));
  for (const { label } of requests) answers[label] = { statuses: {}, latencies: [] };

  return new Promise((resolve, reject) => {
    const lanes = Array.from({ length: connections }, () => openLane(port, answers, reject));
    const sum = (count: (lane: Lane) => number): number => lanes.reduce((total, lane) => total + count(lane), 0);
    const total = Math.round(seconds * perSecond);
    const begun = performance.now();
    let sent = 0;
    const send = setInterval(() => {
      // The first is due at once: counted from the end of its interval, each would seem to have waited one.
      const due = Math.min(total, Math.floor(((performance.now() - begun) / 1000) * perSecond) + 1);
      for (; sent < due; sent += 1) {
        const lane = lanes[sent % lanes.length];
        const payload = payloads[sent % payloads.length];
        if (lane === undefined || payload === undefined) return;
        lane.send(payload.bytes, { label: payload.label, dueAt: begun + (sent / perSecond) * 1000 });
      }
      if (sent < total) return;
      clearInterval(send);
      const endBy = performance.now() + PATIENCE_MS;
      const finish = setInterval(() => {
        if (sum(({ waiting }) => waiting) > 0 && performance.now() < endBy) return;
        clearInterval(finish);
        for (const lane of lanes) lane.end();
        resolve({
          answers,
          unanswered: sum(({ waiting, lost }) => waiting + lost),
          closed: sum(({ closed }) => closed),
        });
      }, 10);
    }, TICK_MS);
  });
}

function openLane(
  port: number,
  answers: Record<string, { statuses: Record<string, number>; latencies: number[] }>,
  fail: (error: Error) => void,
): Lane {
  let waiting: Sent[] = [];
  let lost = 0;
  let closed = 0;
  let ending = false;
  let socket = open();

  function open(): Socket {
    const opened = connect({ port, host: '127.0.0.1', noDelay: true });
    let unread = '';
    opened.setEncoding('latin1').on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') fail(error);
    });
    opened.on('close', () => {
      if (ending) return;
      closed += 1;
      lost += waiting.length;
      waiting = [];
      socket = open();
    });
    opened.on('data', (chunk: string) => {
      unread += chunk;
      for (;;) {
        const headEnd = unread.indexOf('\r\n\r\n');
        if (headEnd === -1) return;
        const [, length = '0'] = /\r\ncontent-length: *(\d+)/i.exec(unread.slice(0, headEnd)) ?? [];
        const end = headEnd + 4 + Number(length);
        if (unread.length < end) return;
        const status = unread.slice(9, 12);
        unread = unread.slice(end);
        const asked = waiting.shift();
        const told = asked === undefined ? undefined : answers[asked.label];
        if (asked === undefined || told === undefined) return fail(new Error('an answer to no request'));
        told.statuses[status] = (told.statuses[status] ?? 0) + 1;
        told.latencies.push(performance.now() - asked.dueAt);
      }
    });
    return opened;
  }

  return {
    send(bytes, sent) {
      waiting.push(sent);
      socket.write(bytes);
    },
    get waiting() {
      return waiting.length;
    },
    get lost() {
      return lost;
    },
    get closed() {
      return closed;
    },
    end() {
      ending = true;
      socket.destroy();
    },
  };
}

process.on('message', (stream: Stream) => {
  void run(stream)
    .then((done): StreamAnswer => ({ done }))
    .catch((error: unknown): StreamAnswer => ({ failed: error instanceof Error ? error.message : String(error) }))
    .then((answer) => process.send?.(answer));
});
process.once('disconnect', () => process.exit(0));

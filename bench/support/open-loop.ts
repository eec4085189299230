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
  /** Sent and not answered when the time was up, and some more. */
  readonly unanswered: number;
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

interface Lane {
  readonly socket: Socket;
  readonly waiting: { readonly label: string; readonly dueAt: number }[];
}

function run({ port, seconds, perSecond, connections, requests }: Stream): Promise<StreamResult> {
  const answers: Record<string, { statuses: Record<string, number>; latencies: number[] }> = {};
  const payloads = requests.map(({ label, text }) => ({ label, bytes: Buffer.from(text) }));
  for (const { label } of requests) answers[label] = { statuses: {}, latencies: [] };

  return new Promise((resolve, reject) => {
    const lanes = Array.from({ length: connections }, () => openLane(port, answers, reject));
    const total = Math.round(seconds * perSecond);
    const begun = performance.now();
    let sent = 0;
    const send = setInterval(() => {
      const due = Math.min(total, Math.floor(((performance.now() - begun) / 1000) * perSecond));
      for (; sent < due; sent += 1) {
        const lane = lanes[sent % lanes.length];
        const payload = payloads[sent % payloads.length];
        if (lane === undefined || payload === undefined) return;
        lane.waiting.push({ label: payload.label, dueAt: begun + (sent / perSecond) * 1000 });
        lane.socket.write(payload.bytes);
      }
      if (sent < total) return;
      clearInterval(send);
      const left = (): number => lanes.reduce((sum, { waiting }) => sum + waiting.length, 0);
      const endBy = performance.now() + PATIENCE_MS;
      const finish = setInterval(() => {
        if (left() > 0 && performance.now() < endBy) return;
        clearInterval(finish);
        for (const { socket } of lanes) socket.removeAllListeners('close').destroy();
        resolve({ answers, unanswered: left() });
      }, 10);
    }, TICK_MS);
  });
}

function openLane(
  port: number,
  answers: Record<string, { statuses: Record<string, number>; latencies: number[] }>,
  fail: (error: Error) => void,
): Lane {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const waiting: { label: string; dueAt: number }[] = [];
  let unread = '';
  socket.setEncoding('latin1').on('error', fail);
  socket.on('close', () => fail(new Error('the server closed a connection')));
  socket.on('data', (chunk: string) => {
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
  return { socket, waiting };
}

process.on('message', (stream: Stream) => {
  void run(stream)
    .then((done): StreamAnswer => ({ done }))
    .catch((error: unknown): StreamAnswer => ({ failed: error instanceof Error ? error.message : String(error) }))
    .then((answer) => process.send?.(answer));
});
process.once('disconnect', () => process.exit(0));

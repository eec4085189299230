// One owner's command in this process, against a server that a test answers for. A process for each of its checks would be slow.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { jsonText, printable } from '../../src/owner/printable.ts';
import { read } from '../../src/owner/reader.ts';
import type { Shell } from '../../src/owner/shell.ts';
import { Interrupted } from '../../src/owner/stops.ts';
import { exitCodeOf, told } from '../../src/owner/telling.ts';
import { signingConfig } from './lying-server.ts';

export interface Typing {
  readonly env?: Readonly<Record<string, string>>;
  /** What somebody types at the questions of a terminal; without it there is none. */
  readonly answers?: readonly string[];
  readonly signal?: AbortSignal;
  /** Whether stdout is read, asked anew each time. */
  readonly isRead?: () => boolean;
}

export interface Told {
  readonly code: number;
  readonly out: string;
  /** Lines of stderr, questions among them. */
  readonly notes: readonly string[];
  /** The sentence that it ends with; empty when it is done. */
  readonly said: string;
}

export async function ownerTypes(argv: readonly string[], typing: Typing = {}): Promise<Told> {
  const { env = {}, answers, signal = new AbortController().signal, isRead = () => true } = typing;
  const left = [...(answers ?? [])];
  const notes: string[] = [];
  let out = '';
  const ask = async (question: string) => {
    notes.push(question);
    return left.shift() ?? '';
  };
  const write = async (text: string) => {
    out += text;
    return isRead();
  };
  try {
    const line = read(argv, 'countersign');
    if ('help' in line) throw new Error('help was asked for');
    const { form, arguments: args, given } = line.run;
    const shell: Shell = {
      program: 'countersign',
      command: form.words,
      env,
      terminal: { isThere: answers !== undefined, hidden: ask, line: ask },
      signal,
      width: undefined,
      now: Date.now,
      argument: (at) => args[at] ?? '',
      allArguments: args,
      value: (name) => given.get(name)?.[0],
      values: (name) => given.get(name),
      has: (name) => given.has(name),
      out: write,
      json: (value) => write(`${jsonText(value)}\n`),
      isRead,
      note: (text) => void notes.push(printable(text)),
      bold: (text) => text,
    };
    const run = await form.load();
    return { code: (await run(shell)) ?? 0, out, notes, said: '' };
  } catch (error) {
    const code = error instanceof Interrupted ? error.code : exitCodeOf(error);
    return { code, out, notes, said: told(error, 'countersign') };
  }
}

type Answer = object | ((request: IncomingMessage, response: ServerResponse) => void);

/**
 * Answers by `GET /path`: a body, a refusal `{ status, error, message }`, or what it does. What the sign-in of a main key asks is answered
 * for the account 0x1; the rest is 404.
 */
export function answering(routes: Readonly<Record<string, Answer>>) {
  const known: Readonly<Record<string, Answer>> = { ...signIn, ...routes };
  return (request: IncomingMessage, response: ServerResponse): void => {
    // A sign-in names the key in its path.
    const path = request.url?.replace(/\?.*/, '').replace(/^(\/v1\/auth)\/.*/, '$1') ?? '';
    const answer = known[`${request.method} ${path}`] ?? { status: 404, error: 'NOT_FOUND', message: `no ${path}` };
    if (typeof answer === 'function') {
      answer(request, response);
      return;
    }
    const isRefusal = 'error' in answer;
    const status = isRefusal && 'status' in answer ? Number(answer.status) : 200;
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(jsonText(answer));
  };
}

const signIn: Readonly<Record<string, Answer>> = {
  'GET /v1/system/time': (_, response) =>
    void response.writeHead(200, { 'Content-Type': 'application/json' }).end(`{"server_time":"${Date.now()}"}`),
  'GET /v1/system/config': signingConfig,
  'GET /v1/onboarding': { address: '0x1' },
  'POST /v1/auth': { jwt_token: 'a.b.c' },
  'GET /countersign/v1/self': {
    account: '0x1',
    kind: 'main',
    id: '',
    permissions: [],
    expires_at: 0,
    allowed_cidrs: [],
    client_ip: '',
  },
};

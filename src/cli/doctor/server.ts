// The server that holds the data, by its operator API, and the venue behind it. The bearer is sent only to the holder of the lock.
import { lstatSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import manifest from '../../../package.json' with { type: 'json' };
import { operatorToken } from '../../compose/operator-token.ts';
import { connectTimeoutMs } from '../../config/derived.ts';
import type { Config } from '../../config/schema.ts';
import { looseFolderAbove } from '../../files/own-folder.ts';
import { operatorSocketOf } from '../../operator/socket-file.ts';
import { OPERATOR_TOKEN_FILE } from '../../operator/token-file.ts';
import { membersOf, textOf } from '../answer.ts';
import { findOperator } from '../operator-call.ts';
import { type Finding, note, ok, reasonOf, wrong } from './finding.ts';

export const ANSWER_MS = 5_000;

export async function checkServer(held: boolean, config: Config): Promise<Finding> {
  if (!held) {
    const socket = operatorSocketOf(config['data.folder']);
    const stands = socket === undefined ? undefined : lstatSync(socket, { throwIfNoEntry: false });
    return stands === undefined || stands.isSocket() || config['operator.socket'] === 'off'
      ? note('server', 'none runs on this data')
      : wrong('server', `${socket} is no socket, and stands where that of the operator API is made; remove it`);
  }
  const address = findOperator(config['data.folder']);
  if (address === undefined)
    return wrong('server', 'one holds the data but has not said where its operator API answers');
  try {
    const response = await address.call('/readyz', { signal: AbortSignal.timeout(ANSWER_MS) });
    const problems = problemsIn(await response.text());
    if (!response.ok) return wrong('server', `not ready: ${problems}`);
    return problems === ''
      ? ok('server', `ready, operator API at ${address.shown}`)
      : note('server', `ready; ${problems}`);
  } catch (error) {
    return wrong('server', `does not answer at ${address.shown}: ${causeOf(error)}`);
  }
}

/** The bearer: there, for its owner alone, and the one that the running server takes. */
export async function checkToken(held: boolean, config: Config): Promise<Finding> {
  const check = 'operator token';
  const from = config['operator.token'] === undefined ? join(config['data.folder'], OPERATOR_TOKEN_FILE) : 'as set';
  let token: string;
  try {
    token = operatorToken(config, { mayCreate: false });
  } catch (error) {
    const isMissing = !held && lstatSync(from, { throwIfNoEntry: false }) === undefined;
    return isMissing
      ? note(check, `${reasonOf(error)} A start makes one that is missing.`)
      : wrong(check, reasonOf(error));
  }
  const address = held ? findOperator(config['data.folder']) : undefined;
  if (address === undefined) return ok(check, from);
  try {
    const response = await address.call('/operator/v1/version', {
      signal: AbortSignal.timeout(ANSWER_MS),
      headers: { Authorization: `Bearer ${token}` },
    });
    if (!response.ok) return wrong(check, `${from}: the server refuses it (${response.status})`);
    const version = textOf(membersOf(await response.text()), 'version');
    if (version === manifest.version) return ok(check, `${from}; the server takes it`);
    return note(check, `${from}; the server takes it, and is release ${version} while this is ${manifest.version}`);
  } catch (error) {
    return wrong(check, `${from}: the server does not answer: ${causeOf(error)}`);
  }
}

/** Whether the venue accepts connections. Nothing is sent. */
export async function checkUpstream(config: Config): Promise<Finding> {
  const address = config['upstream.url'];
  switch (address.kind) {
    case 'demo':
      return ok('venue', 'the built-in demo venue');
    case 'unix':
      return warnOfFolder(await reaching(address.socketPath, { path: address.socketPath }, config), address.socketPath);
    case 'http': {
      const { protocol, hostname, port } = new URL(address.origin);
      const number = port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
      return reaching(address.origin, { host: hostname.replace(/^\[|\]$/g, ''), port: number }, config);
    }
    default:
      return address satisfies never;
  }
}

// A socket does not prove its owner: while the venue is down, any user who may write in the folder can take its place.
function warnOfFolder(found: Finding, socketPath: string): Finding {
  const folder = found.state === 'ok' ? looseFolderAbove(socketPath, { sticky: true }) : undefined;
  if (folder === undefined) return found;
  return note('venue', `${found.text}, but others may write in ${folder} and put a socket of theirs in its place`);
}

type Endpoint = { readonly path: string } | { readonly host: string; readonly port: number };

function reaching(shown: string, where: Endpoint, config: Config): Promise<Finding> {
  const seconds = connectTimeoutMs(config) / 1000;
  return new Promise((resolve) => {
    const socket = connect(where);
    const say = (finding: Finding) => {
      socket.destroy();
      resolve(finding);
    };
    socket.setTimeout(seconds * 1000, () => say(wrong('venue', `${shown} does not answer within ${seconds} s`)));
    socket.once('connect', () => say(ok('venue', `${shown} accepts connections`)));
    socket.once('error', (error) => say(wrong('venue', `${shown} cannot be reached: ${error.message}`)));
  });
}

function problemsIn(text: string): string {
  try {
    const { checks } = { checks: undefined, ...membersOf(text) };
    if (typeof checks !== 'object' || checks === null) return text.slice(0, 200);
    const problems = Object.entries(checks).filter(([, problem]) => problem !== 'ok');
    return problems.map(([name, problem]) => `${name}: ${problem}`).join('; ');
  } catch {
    return 'what it answers is no JSON';
  }
}

// The message of an error of fetch says little; its cause says more.
export const causeOf = (error: unknown): string =>
  error instanceof Error && error.cause !== undefined ? reasonOf(error.cause) : reasonOf(error);

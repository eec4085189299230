// How a command ends: one sentence on stderr for what went wrong, and the exit code.
import { Aborted, CountersignError, isCode, type MaybeMade, NoAnswer, WalletRefused } from '../client/errors.ts';
import { sentenceOf } from '../client/refusal-words.ts';
import { printable } from './printable.ts';
import type { ExitCode } from './shell.ts';
import { Failed, Interrupted, NotSignedIn, WrongUse } from './stops.ts';

/** The sentence, or more than one where something must be looked for. No secret is in it. */
export function told(error: unknown, program: string): string {
  if (error instanceof CountersignError) {
    const words = isOfCountersign(error)
      ? sentenceOf(error)
      : `That is not a Countersign, or something stands in its place: ${error.message}.`;
    return `${words}${hintOf(error, program)}${requestOf(error)}${maybe(error.maybeMade, program)}`;
  }
  if (error instanceof NoAnswer) return `${sentenceOf(error)}${causeOf(error)}${maybe(error.maybeMade, program)}`;
  if (error instanceof Aborted) return `${sentenceOf(error)}${maybe(error.maybeMade, program)}`;
  if (isOurs(error) || error instanceof WalletRefused) return sentenceOf(error);
  const name = error instanceof Error ? error.name : typeof error;
  return `The answer has another form than this release knows, or this program a defect (${name}).`;
}

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof WrongUse) return 2;
  if (error instanceof NoAnswer) return 3;
  if (error instanceof NotSignedIn || isCode(error, 'UNAUTHORIZED_ERROR')) return 4;
  return 1;
}

/** Prints it on stderr. A command that was interrupted says only what may have been made. */
export function tell(error: unknown, command: string, program: string): void {
  if (error instanceof Interrupted) return;
  process.stderr.write(`${printable(`${program} ${command}`.trimEnd())}: ${printable(told(error, program))}\n`);
}

const isOurs = (error: unknown): error is Error =>
  error instanceof WrongUse || error instanceof Failed || error instanceof NotSignedIn || error instanceof Interrupted;

function hintOf(error: CountersignError, program: string): string {
  if (isCode(error, 'UNAUTHORIZED_ERROR')) return ` (${program} login)`;
  if (isCode(error, 'NOT_ONBOARDED')) return ` ${program} login --onboard makes it.`;
  if (!isCode(error, 'INVALID_TOKEN_SCOPE')) return '';
  return process.env.COUNTERSIGN_TOKEN === undefined
    ? ' Give it with --key-file, or that of a wallet with --wallet-key-file.'
    : ' COUNTERSIGN_TOKEN is set, and is used before the key of this machine: unset it.';
}

/** What the message says besides the phase, which the sentence says: ` (ECONNREFUSED)`, ` (no answer in time)`. */
function causeOf({ message }: NoAnswer): string {
  const cause = /\(([^)]+)\)/.exec(message)?.[1] ?? (/in time/.test(message) ? 'no answer in time' : undefined);
  return cause === undefined ? '' : ` (${cause})`;
}

const isOfCountersign = ({ code }: CountersignError): boolean =>
  !/^(?:HTTP_[0-9]+|REDIRECTED|NOT_COUNTERSIGN)$/.test(code);

/** What a program matches, and what explain takes. */
const requestOf = ({ code, requestId }: CountersignError): string =>
  ` (${code}${requestId === undefined ? '' : `, request ${requestId}`})`;

function maybe(made: MaybeMade | undefined, program: string): string {
  if (made === undefined) return '';
  const { kind, name, publicKey } = made;
  const called = name === undefined ? '' : ` "${name}"`;
  const by = publicKey === undefined ? '' : `, public key ${publicKey}`;
  return ` It may have made the ${kind}${called}${by}, whose secret is lost then: look with "${program} ${kind}s list", and end it if it is there.`;
}

// The log: JSON, one line per event. Every line is bounded in length, goes through the redactor, and is counted instead of written when
// the same was written less than a minute ago.
import pino, { type DestinationStream, type Logger } from 'pino';
import { standardOutput } from './output.ts';
import { REDACTED, type Redact, secretPaths } from './redact.ts';
import { createRepeats } from './repeats.ts';

export interface LoggerOptions {
  /** Setting log.level. */
  readonly level: string;
  /** Every whole line passes through it, as it leaves (createLineRedactor). */
  readonly redact: Redact;
  /** Members that pino takes out before that; secretPaths when absent. */
  readonly paths?: readonly string[];
  /** Standard output when absent. */
  readonly destination?: DestinationStream | undefined;
}

/** The longest line, in UTF-16 units; of a longer one the beginning is kept, as a text. */
export const MAX_LINE = 32_768;
const MAX_MESSAGE = 2_048;
const MAX_STACK = 8_192;
/** Errors told of one error: its causes and, of an AggregateError, its parts. */
const MAX_CAUSES = 8;

/**
 * Lines that repeat within a minute: the first is written at once, the others become one line with their count (repeats.ts).
 * `flush` writes these counts now.
 */
export function createLogger({
  level,
  redact,
  paths = secretPaths,
  destination = standardOutput(),
}: LoggerOptions): Logger {
  let counting = true;
  const repeats = createRepeats((gravity, members) => {
    counting = false;
    log[levelOf(gravity)](members);
    counting = true;
  });
  const log = pino(
    {
      level,
      // Members that are known to hold secrets first; the search of the line is the net under it.
      redact: { paths: [...paths], censor: REDACTED },
      serializers: { err: toldOf },
      hooks: {
        streamWrite: (line) => written(line, redact),
        logMethod(args, method, gravity) {
          if (!counting || repeats.isFirst(gravity, args[0])) method.apply(this, args);
        },
      },
    },
    Object.assign({ write: (line: string) => destination.write(line) }, { flush: () => repeats.flush() }),
  );
  return log;
}

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;

const levelOf = (gravity: number) => levels[Math.floor(gravity / 10) - 1] ?? 'error';

// A line that cannot be redacted is not written, and costs nobody a request.
function written(line: string, redact: Redact): string {
  try {
    return redact(line.length > MAX_LINE ? shortened(line) : line);
  } catch {
    return inItsPlace(line, { event: 'line_not_redacted' });
  }
}

interface Told {
  readonly type: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly code: string | undefined;
  readonly causes: readonly string[] | undefined;
}

// Only these members of an error: libraries hang whole requests, bodies and headers on their errors.
function toldOf(error: unknown): Told | string {
  if (!(error instanceof Error)) return typeof error === 'string' ? bounded(error, MAX_MESSAGE) : typeof error;
  const causes = causesOf(error);
  return {
    type: error.name,
    message: bounded(error.message, MAX_MESSAGE),
    stack: error.stack === undefined ? undefined : bounded(error.stack, MAX_STACK),
    code: 'code' in error && typeof error.code === 'string' ? bounded(error.code, MAX_MESSAGE) : undefined,
    causes: causes.length === 0 ? undefined : causes,
  };
}

function causesOf(error: Error): string[] {
  const told: string[] = [];
  const waiting: unknown[] = partsOf(error);
  while (waiting.length > 0 && told.length < MAX_CAUSES) {
    const next = waiting.shift();
    told.push(bounded(next instanceof Error ? `${next.name}: ${next.message}` : String(next), MAX_MESSAGE));
    if (next instanceof Error) waiting.push(...partsOf(next));
  }
  return told;
}

function partsOf(error: Error): unknown[] {
  const parts: readonly unknown[] = error instanceof AggregateError ? error.errors.slice(0, MAX_CAUSES) : [];
  return error.cause === undefined ? [...parts] : [error.cause, ...parts];
}

const bounded = (text: string, length: number): string => (text.length > length ? `${cut(text, length)}...` : text);

/** At most `length` units, and no half of a word: the redactor would not know half a secret. */
function cut(text: string, length: number): string {
  let end = length;
  while (end > 0 && /[\w.-]/.test(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

const shortened = (line: string): string =>
  inItsPlace(line, { event: 'line_cut', length: line.length, start: cut(line, MAX_LINE / 4) });

/** Another line of the same moment and gravity. */
function inItsPlace(line: string, members: Readonly<Record<string, unknown>>): string {
  const [, level = '50', time = '0'] = /^\{"level":(\d+),"time":(\d+)/.exec(line) ?? [];
  return `${JSON.stringify({ level: Number(level), time: Number(time), ...members })}\n`;
}

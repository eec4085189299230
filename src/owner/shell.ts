// What a command is given: what was typed, the terminal, and the ways out. Data goes to stdout, everything else to stderr.
import { styleText } from 'node:util';
import type { OptionName } from './forms.ts';
import { watchPipe } from './pipe-reader.ts';
import { jsonText, printable } from './printable.ts';
import type { Typed } from './reader.ts';
import { Failed, Interrupted, WrongUse } from './stops.ts';
import { createTerminal, type Terminal } from './terminal.ts';

/** 0 done, 1 refused or failed, 2 used wrongly, 3 no answer, 4 not signed in. */
export type ExitCode = 0 | 1 | 2 | 3 | 4;
/** Resolves to nothing when it is done. Rejects with what decides the exit code. */
export type Run = (shell: Shell) => Promise<ExitCode | undefined>;

export interface Shell {
  /** The name by which it was started, for texts that can be typed. */
  readonly program: string;
  /** `tokens create`. */
  readonly command: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly terminal: Terminal;
  /** Aborted by ^C, and by signals that end. */
  readonly signal: AbortSignal;
  /** Columns of the terminal that stdout is; undefined where it is none. */
  readonly width: number | undefined;
  /** Unix milliseconds. */
  now(): number;
  argument(at: number): string;
  readonly allArguments: readonly string[];
  value(name: OptionName): string | undefined;
  values(name: OptionName): readonly string[] | undefined;
  has(name: OptionName): boolean;
  /** Resolves when it is written; with false when nobody reads any more. */
  out(text: string): Promise<boolean>;
  json(value: unknown): Promise<boolean>;
  /** False: nobody will read what is written to stdout. To be asked first while somebody does. */
  isRead(): boolean;
  /** One line on stderr. What is not safe on a terminal is escaped. */
  note(line: string): void;
  bold(text: string): string;
}

export function createShell(typed: Typed, program: string, signal: AbortSignal): Shell {
  const { stdout, stderr, stdin, env } = process;
  let isGone = false;
  let isPipeRead: (() => boolean) | undefined;
  stdout.on('error', () => {
    isGone = true;
  });
  const has = (name: OptionName) => typed.given.has(name);
  const isColoured = stdout.isTTY === true && !has('no-color') && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
  const out = (text: string) =>
    new Promise<boolean>((resolve) => {
      stdout.write(text, () => setImmediate(() => resolve(!isGone)));
    });
  return {
    program,
    command: typed.form.words,
    env,
    terminal: createTerminal(stdin, stderr, signal),
    signal,
    // A terminal that was never told its size says 0.
    width: stdout.isTTY === true && stdout.columns > 0 ? stdout.columns : undefined,
    now: Date.now,
    argument: (at) => typed.arguments[at] ?? '',
    allArguments: typed.arguments,
    value: (name) => typed.given.get(name)?.[0],
    values: (name) => typed.given.get(name),
    has,
    out,
    json: (value) => out(`${jsonText(value)}\n`),
    isRead: () => {
      isPipeRead ??= watchPipe(stdout.fd);
      return !isGone && isPipeRead();
    },
    note: (line) => {
      stderr.write(`${printable(line)}\n`);
    },
    bold: (text) => (isColoured ? styleText('bold', text, { validateStream: false }) : text),
  };
}

/**
 * Asks on the terminal before something ends for good. Throws WrongUse where nobody is there to ask, and Failed for an answer other than yes;
 * nothing was done then.
 */
export async function requireYes(shell: Shell, what: string): Promise<void> {
  if (shell.has('yes')) return;
  shell.note(what);
  if (!shell.terminal.isThere) throw new WrongUse('there is no terminal to ask on, so nothing was done; give --yes');
  if ((await shell.terminal.line('Type yes to go on: ')) !== 'yes')
    throw new Failed('not confirmed, so nothing was done');
}

/** Aborted by the first SIGINT, SIGTERM or SIGHUP; a second one ends the process as if nobody listened. */
export function watchSignals(): { readonly signal: AbortSignal; stop(): void } {
  const controller = new AbortController();
  const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
  const listeners = Object.entries(codes).map(([name, code]) => {
    const listener = () => controller.abort(new Interrupted(code));
    process.once(name, listener);
    return [name, listener] as const;
  });
  return {
    signal: controller.signal,
    stop: () => {
      for (const [name, listener] of listeners) process.off(name, listener);
    },
  };
}

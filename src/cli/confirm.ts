// Asks before something ends for good. The answer comes from a terminal or from standard input; a script gives an option instead.
import { createInterface } from 'node:readline/promises';
import { text } from 'node:stream/consumers';
import { printable } from '../owner/printable.ts';
import { CommandFailed } from './reporting.ts';

/** The option that stands for the answer. */
export const YES = 'yes';

/** Asks on stderr, as stdout may be read by a program. Throws CommandFailed for anything but `yes` on a line of its own. */
export async function confirm(what: string): Promise<void> {
  process.stderr.write(`${printable(what)}\nType yes to go on: `);
  const answer = process.stdin.isTTY ? await typed() : await text(process.stdin);
  if (!process.stdin.isTTY) process.stderr.write('\n');
  if (answer.trim() !== 'yes')
    throw new CommandFailed(`not confirmed, so nothing was done; answer yes, or give --${YES}`);
}

async function typed(): Promise<string> {
  const terminal = createInterface({ input: process.stdin });
  try {
    return (await terminal[Symbol.asyncIterator]().next()).value ?? '';
  } finally {
    terminal.close();
  }
}

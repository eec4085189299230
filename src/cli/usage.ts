// Errors of a command line that was typed wrongly.
import { quoted } from '../config/given.ts';

/** The command was used wrongly: exit code 2. The message is one sentence. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  /** As it is typed; empty where the message alone is enough. */
  readonly command: string;

  constructor(message: string, command = '') {
    super(message);
    this.command = command;
  }
}

/** `command` is as it is typed: `accounts lock`; empty for all of them. */
export const helpFor = (command = ''): string => `countersign help ${command}`.trimEnd();

/** As the reader can type them: in a clone, or where the package is installed, whose bin no PATH needs to have. */
const isClone = import.meta.url.endsWith('.ts');
export const demoCommand = isClone ? 'npm run demo --' : 'npx countersign demo';
export const startCommand = isClone ? 'npm start' : 'npx countersign serve';

/** The value of an argument is not what it must be; `expected` completes "it must be ...". */
export const wrongArgument = (command: string, what: string, value: string, expected: string): UsageError =>
  new UsageError(`${what} ${quoted(value)} is not accepted: it must be ${expected}; see ${helpFor(command)}`, command);

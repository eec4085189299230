// How a command ends: its exit code, and one sentence for each thing that went wrong.
import { ConfigError, type LoadedConfig, loadConfig } from '../config/load.ts';
import { readSettingsText } from '../config/settings-file.ts';
import { BackupFailure, ClockFarAhead, NoData, NotClosed, StoreFailure, UnsafeFile } from '../errors.ts';
import { MasterKeyUnusable } from '../jwt/master-key.ts';
import { MasterKeyMismatch } from '../jwt/seal.ts';
import { OperatorTokenUnusable } from '../operator/token-file.ts';
import { printable } from '../owner/printable.ts';
import type { TypedSettings } from './program.ts';
import { UsageError } from './usage.ts';

/** 0 done, 1 failed, 2 used wrongly or a setting is not accepted, 3 a server holds the data but does not answer. */
export type ExitCode = 0 | 1 | 2 | 3;

/** The command did not do what was asked; the message is one sentence. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
}

/** The operator API refused; the message is its own. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

/** The server does not answer. */
export class NotReachable extends Error {
  override readonly name = 'NotReachable';
}

/** Settings as the command line, the environment and the file give them. Throws ConfigError. */
export function readSettings({ argv, options }: TypedSettings): LoadedConfig {
  return loadConfig({ argv, options, env: process.env, cwd: process.cwd(), readFile: readSettingsText });
}

/** Exit code and sentences of a command's failure, on stderr. */
export async function reporting(command: string, work: () => Promise<void>): Promise<ExitCode> {
  try {
    await work();
    return 0;
  } catch (error) {
    const sentences = error instanceof ConfigError ? error.problems : [sentenceOf(error)];
    const typed = error instanceof UsageError && error.command !== '' ? error.command : command;
    for (const sentence of sentences) process.stderr.write(`countersign ${typed}: ${printable(sentence)}\n`);
    if (error instanceof ConfigError || error instanceof UsageError) return 2;
    return error instanceof NotReachable ? 3 : 1;
  }
}

function sentenceOf(error: unknown): string {
  if (error instanceof Refused || error instanceof NotReachable || error instanceof UsageError) return error.message;
  if (error instanceof CommandFailed) return error.message;
  if (error instanceof NoData || error instanceof MasterKeyUnusable || error instanceof MasterKeyMismatch) {
    return error.message;
  }
  if (error instanceof ClockFarAhead || error instanceof BackupFailure || error instanceof NotClosed)
    return error.message;
  if (error instanceof OperatorTokenUnusable || error instanceof UnsafeFile) return error.message;
  if (error instanceof StoreFailure) return `the database cannot be used: ${error.message}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

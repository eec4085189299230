// Processes of a test or a script, in groups of their own. It ends what it started, and nothing else.
import { type ChildProcess, spawn } from 'node:child_process';
import { delimiter, resolve, sep } from 'node:path';

export const PROJECT = resolve(import.meta.dirname, '..', '..');

/** An environment; `undefined` takes a variable away. */
export type Env = Readonly<Record<string, string | undefined>>;

export type Ended = Readonly<{ code: number | null; signal: NodeJS.Signals | null }>;

export type Running = Readonly<{
  pid: number;
  stdout: () => string;
  stderr: () => string;
  /** Resolves with the first match in stdout or stderr; rejects, with all that was printed, if the process ends first. */
  printed: (pattern: RegExp) => Promise<RegExpExecArray>;
  signal: (signal: NodeJS.Signals) => void;
  /** Resolves when the process has ended and everyone who held its output has let go of it. */
  ended: Promise<Ended>;
  /** Whether any process of the group it started is left. */
  anythingLeft: () => boolean;
}>;

const started = new Set<ChildProcess>();

/** For afterEach: ends what a failed test left running. */
export function endEverythingStarted(): void {
  for (const child of started) {
    if (child.pid !== undefined && groupExists(child.pid)) process.kill(-child.pid, 'SIGKILL');
  }
  started.clear();
}

/** Starts a program in its own process group, with an environment as a user's shell has it. */
export function start(program: string, args: readonly string[], options: { cwd: string; env?: Env }): Running {
  const env = { ...shellEnv(), ...options.env };
  const child = spawn(program, args, { cwd: options.cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  started.add(child);
  const pid = child.pid;
  if (pid === undefined) throw new Error(`could not start ${program}`);

  let stdout = '';
  let stderr = '';
  let over = false;
  const watchers = new Set<() => void>();
  const notify = () => {
    for (const watcher of [...watchers]) watcher();
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    notify();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    notify();
  });
  const ended = new Promise<Ended>((resolveEnded) => {
    child.once('close', (code, signal) => {
      over = true;
      resolveEnded({ code, signal });
      notify();
    });
  });
  const printed = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolveMatch, reject) => {
      const look = () => {
        const match = pattern.exec(stdout) ?? pattern.exec(stderr);
        if (match === null && !over) return;
        watchers.delete(look);
        if (match !== null) resolveMatch(match);
        else reject(new Error(`ended without printing ${pattern}\n--- stdout\n${stdout}\n--- stderr\n${stderr}`));
      };
      watchers.add(look);
      look();
    });
  return {
    pid,
    stdout: () => stdout,
    stderr: () => stderr,
    printed,
    signal: (signal) => {
      process.kill(pid, signal);
    },
    ended,
    anythingLeft: () => groupExists(pid),
  };
}

function groupExists(pid: number): boolean {
  try {
    process.kill(-pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Our environment without what npm, vitest and git added to it, so that a test starts where a user starts. */
export function shellEnv(): Env {
  const added = /^(NODE_ENV|NODE_OPTIONS|NODE_PATH|VITEST.*|TEST|INIT_CWD|GIT_.*|npm_(?!config_).*)$/;
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !added.test(name)));
  return { ...env, PATH: shellPath().join(delimiter) };
}

export function shellPath(): string[] {
  const ofAProject = `${sep}node_modules${sep}`;
  return (process.env.PATH ?? '')
    .split(delimiter)
    .filter((entry) => entry !== '' && !`${entry}${sep}`.includes(ofAProject));
}

// The owner's commands as processes: with pipes, and in a terminal where somebody types.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MAIN } from './server-process.ts';
import { shellEnv } from './started.ts';
import { temporaryFolder } from './temporary-folder.ts';

export interface Said {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Step {
  /** A regular expression of what is shown before somebody types. */
  readonly await: string;
  readonly type: string;
}

export interface Shown {
  readonly screen: string;
  readonly code: number;
  /** Whether the terminal showed what was typed: at each step, and after the end. */
  readonly echo: readonly boolean[];
  /** Command line and environment of the process, at each step. */
  readonly seen: readonly string[];
  /** What was never shown. */
  readonly missed: readonly string[];
}

const python = ['python3', '/usr/bin/python3'].find(
  (name) =>
    spawnSync(name, ['-c', 'import os, termios; os.openpty, os.waitstatus_to_exitcode'], { env: shellEnv() }).status ===
    0,
);
/** Why no terminal can be had here; undefined when one can. */
export const noTerminal: string | undefined =
  process.platform === 'win32' || python === undefined ? 'a terminal needs Python 3 with pty' : undefined;

/** Somebody at a machine: a home folder, and what is typed there. */
export interface Person {
  readonly home: string;
  /** Where relative paths lie. */
  readonly desk: string;
  readonly profiles: string;
  /** `input` is standard input. */
  run(argv: readonly string[], options?: { input?: string; env?: Record<string, string> }): Promise<Said>;
  /** Not waited for. */
  start(argv: readonly string[], options?: { env?: Record<string, string> }): ChildProcess;
  /** `shell`: what is started in place of the command, and given its words. */
  type(
    argv: readonly string[],
    steps: readonly Step[],
    options?: { columns?: number; env?: Record<string, string>; shell?: readonly string[] },
  ): Promise<Shown>;
  /** Command lines and environments of what `run` started, and of its children, as other users could read them while it ran (Linux). */
  readonly seen: ReadonlySet<string>;
  /** The path and content of every file there. */
  files(): ReadonlyMap<string, string>;
}

let cache: string | undefined;
/** Of all processes of a test file: each would else strip the types of the same sources again. */
export const compileCache = (): string => {
  cache ??= temporaryFolder('compiled');
  return cache;
};

/** Two at a time, as most machines have two cores. Rejects with the first failure. */
export async function inPairs<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < items.length) await Promise.all(items.slice(next++, next).map(act));
  };
  await Promise.all([worker(), worker()]);
}

export function personIn(folder: string): Person {
  const home = join(folder, 'home');
  const desk = join(folder, 'desk');
  mkdirSync(home, { recursive: true });
  mkdirSync(desk, { recursive: true });
  const envWith = (more: Record<string, string> = {}) => {
    const own = Object.entries(shellEnv()).filter(
      ([name]) => !/^(?:COUNTERSIGN_|XDG_CONFIG_HOME|NO_COLOR|TERM)/.test(name),
    );
    const env = Object.fromEntries(own.filter((entry): entry is [string, string] => entry[1] !== undefined));
    return { ...env, HOME: home, TERM: 'xterm', NODE_COMPILE_CACHE: compileCache(), ...more };
  };
  const seen = new Set<string>();
  const commandLine = (argv: readonly string[]) => [MAIN, ...argv];

  return {
    home,
    desk,
    profiles: join(home, '.config', 'countersign', 'profiles.json'),
    start: (argv, { env } = {}) =>
      spawn(process.execPath, commandLine(argv), { cwd: desk, env: envWith(env), stdio: ['ignore', 'pipe', 'pipe'] }),
    async run(argv, { input = '', env } = {}) {
      const child = spawn(process.execPath, commandLine(argv), { cwd: desk, env: envWith(env) });
      const looking = setInterval(() => lookAt(child.pid ?? 0, seen), 5);
      try {
        return await collected(child, input);
      } finally {
        clearInterval(looking);
      }
    },
    seen,
    async type(argv, steps, { columns = 100, env, shell } = {}) {
      if (python === undefined) throw new Error(noTerminal);
      const asked = {
        argv: shell === undefined ? [process.execPath, ...commandLine(argv)] : [...shell, ...argv],
        env: envWith(env),
        cwd: desk,
        columns,
        steps,
      };
      const child = spawn(python, [join(import.meta.dirname, 'in_terminal.py')], { env: shellEnv() });
      const { out, err, code } = await collected(child, JSON.stringify(asked));
      if (code !== 0) throw new Error(`the terminal failed: ${err}`);
      return JSON.parse(out);
    },
    files: () =>
      new Map(
        [home, desk].flatMap((root) =>
          readdirSync(root, { recursive: true, withFileTypes: true })
            .filter((entry) => entry.isFile())
            .map((entry) => join(entry.parentPath, entry.name))
            .map((path) => [path, readFileSync(path, 'latin1')] as const),
        ),
      ),
  };
}

/** A process that has ended is not there to be read. */
function lookAt(pid: number, seen: Set<string>): void {
  try {
    for (const file of ['cmdline', 'environ']) seen.add(readFileSync(`/proc/${pid}/${file}`, 'latin1'));
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(Boolean);
    for (const child of children) lookAt(Number(child), seen);
  } catch {
    // It ended meanwhile, or this is no Linux.
  }
}

function collected(child: ChildProcess, input: string): Promise<Said> {
  let [out, err] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(input);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, out, err }));
  });
}

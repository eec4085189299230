// The processes of a measurement: started on a core of their own where the machine has two, measured from outside, and ended with
// the bench, however it ends. It only ever ends what it has started.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';

/** The server under test has the first core to itself; load and venue share the other. */
export type Core = 'server' | 'load';

export interface Running {
  readonly pid: number;
  readonly child: ChildProcess;
  /** Resolves with the first match in what it prints; rejects when it ends before, or takes longer than half a minute. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  /** Seconds of processor time of it and of its child processes, all threads, since their start. */
  cpuSeconds(): number;
  /** Bytes of it that are in memory now. */
  residentBytes(): number;
  /** Milliseconds of each collection of its young objects since this was last asked; of a role that was started to tell. */
  scavenges(): number[];
  /** Resolves when it has ended. */
  stop(): Promise<void>;
}

const START_MS = 30_000;

const started = new Set<ChildProcess>();
const folders: string[] = [];
process.once('exit', () => {
  for (const child of started) child.kill('SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));

/** A folder that goes when the bench ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-'));
  folders.push(folder);
  return folder;
}

/** Whether a program of that name can be started. */
export const isInstalled = (program: string, versionFlag: string): boolean =>
  spawnSync(program, [versionFlag], { stdio: 'ignore' }).status === 0;

/** True when processes are kept apart by core. */
export const pinned = availableParallelism() >= 2 && isInstalled('taskset', '--version');

/** Starts a program; `ipc` for one that is asked by messages. What it writes to stderr is shown only if it fails to start. */
export function start(
  program: string,
  args: readonly string[],
  options: { core: Core; ipc?: boolean; tellsCollections?: boolean },
): Running {
  const [name, ...rest] = pinned
    ? ['taskset', '-c', options.core === 'server' ? '0' : '1', program, ...args]
    : [program, ...args];
  const child = spawn(name ?? program, rest, {
    cwd: temporaryFolder(),
    stdio: ['ignore', 'pipe', 'pipe', ...(options.ipc === true ? (['ipc'] as const) : [])],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${program} cannot be started`);
  started.add(child);
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  void ended.then(() => started.delete(child));

  let output = '';
  let look: () => void = () => undefined;
  const scavenges: number[] = [];
  let unfinished = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      if (options.tellsCollections === true && stream === child.stdout) {
        const lines = `${unfinished}${text}`.split('\n');
        unfinished = lines.pop() ?? '';
        for (const line of lines) scavenges.push(...scavengeIn(line));
      }
      // Only the beginning matters: where it listens.
      if (output.length < 65_536) output += text;
      look();
    });
  }
  return {
    pid,
    child,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const fail = () => reject(new Error(`${program} ${args.join(' ')} did not print ${pattern}:\n${output}`));
        const timer = setTimeout(fail, START_MS);
        look = () => {
          const match = pattern.exec(output);
          if (match === null) return;
          clearTimeout(timer);
          resolve(match);
        };
        void ended.then(fail);
        look();
      }),
    cpuSeconds: () => [pid, ...childrenOf(pid)].reduce<number>((sum, id) => sum + cpuNanos(id), 0) / 1e9,
    residentBytes: () => residentKib(pid) * 1024,
    scavenges: () => scavenges.splice(0),
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

// V8's --trace-gc: `[pid:0x..]  1234 ms: Scavenge 12.3 (15.0) -> 11.0 (16.0) MB, pooled: 0.0 MB, 1.23 / 0.00 ms  (...`.
function scavengeIn(line: string): number[] {
  const [, ms] = /ms: Scavenge .* MB, ([\d.]+) \/ [\d.]+ ms/.exec(line) ?? [];
  return ms === undefined ? [] : [Number(ms)];
}

/** A program of this project, by its path below bench/; resolves with where it listens. */
export async function startRole(
  path: string,
  args: readonly string[],
  core: Core,
  { tellsCollections = false } = {},
): Promise<Running & { readonly port: number }> {
  const flags = ['--disable-sigusr1', ...(tellsCollections ? ['--trace-gc'] : [])];
  const program = [...flags, join(import.meta.dirname, '..', path), ...args];
  const running = start(process.execPath, program, { core, tellsCollections });
  const [, port] = await running.printed(/^listening on http:\/\/127\.0\.0\.1:(\d+)/m);
  return { ...running, port: Number(port) };
}

/** A port of this machine that nobody uses at the moment, for programs that cannot choose one themselves. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

// proc(5), schedstat: nanoseconds on a processor, the first of three numbers, for each thread.
function cpuNanos(pid: number | string): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.reduce((sum, thread) => {
    const [nanos] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ');
    return sum + Number(nanos);
  }, 0);
}

// proc(5), stat: the name of the program, in brackets, may hold blanks; after it come the state and the parent's id.
function childrenOf(pid: number): readonly string[] {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      const [, parent] = readFileSync(`/proc/${name}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      return Number(parent) === pid;
    } catch {
      return false; // ended meanwhile
    }
  });
}

function residentKib(pid: number): number {
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib);
}

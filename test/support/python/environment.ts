// Python clients as their users have them: what one file of exact versions names, in a virtual environment of its own. Python and a
// package index are no part of what `npm test` needs, so a test that asks says why it is left out where they are missing.
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export type PythonEnvironment =
  | { readonly python: string; readonly missing?: undefined }
  /** Why there is none: one sentence. */
  | { readonly missing: string; readonly python?: undefined };

const HERE = dirname(fileURLToPath(import.meta.url));

const ASK_MS = 20_000;
/** For all of the making: some packages are compiled. */
const MAKE_MS = 420_000;
/** A started environment older than this has no maker any more. */
const ABANDONED_MS = 2 * MAKE_MS;

/**
 * The Python that has exactly what test/python/`name`.txt names (every package of it with ==, those that others need among them).
 * Made once: again only after that file or the machine's Python changed. Never throws for what the machine lacks. To be
 * asked for at the top of a test file, where no test's time is running:
 *
 *     const { python, missing } = await pythonEnvironment('paradex');
 *     describe.skipIf(missing !== undefined)('a Python client', ...
 */
export async function pythonEnvironment(name: string, folder = HERE): Promise<PythonEnvironment> {
  const environment = await findOrMake(name, folder);
  if (environment.missing !== undefined)
    process.stdout.write(`test/python/${name}: left out, ${environment.missing}\n`);
  return environment;
}

async function findOrMake(name: string, folder: string): Promise<PythonEnvironment> {
  const file = join(folder, `${name}.txt`);
  const requirements = readFileSync(file, 'utf8');
  const unpinned = requirements
    .split('\n')
    .find((line) => !/^(?:[A-Za-z0-9._-]+==[A-Za-z0-9.]+)?\s*(?:#.*)?$/.test(line));
  if (unpinned !== undefined) throw new Error(`${file}: "${unpinned}" names no exact version`);

  const base = await run('python3', ['-c', 'import sys; print(sys.version, sys.executable)'], ASK_MS);
  if (base.code !== 0) return { missing: 'python3 cannot be run' };
  const stamp = createHash('sha256').update(`${base.stdout}\0${requirements}`).digest('hex').slice(0, 16);
  const environments = join(folder, '.environments');
  const made = join(environments, `${name}-${stamp}`);
  if (!existsSync(made)) {
    const missing = await make(name, file, environments, made);
    if (missing !== undefined) return { missing };
  }
  return { python: join(made, 'bin', 'python') };
}

// An environment has its final name only when it is whole, so one that is there needs no further look. Of two makers at the same
// time one gives its own away. It may be renamed because nothing in it is run but its Python, which finds itself by its own path.
async function make(name: string, file: string, environments: string, made: string): Promise<string | undefined> {
  mkdirSync(environments, { recursive: true });
  for (const other of readdirSync(environments))
    if (isOver(name, environments, other)) remove(join(environments, other));
  const folder = join(environments, `${name}-started-${randomBytes(6).toString('hex')}`);
  const until = Date.now() + MAKE_MS;
  process.stdout.write(`test/python/${name}: making the virtual environment ...\n`);
  try {
    const venv = await run('python3', ['-m', 'venv', folder], until - Date.now());
    if (venv.code !== 0) return 'python3 cannot make virtual environments (Debian has that in python3-venv)';
    const install = ['-m', 'pip', 'install', '--quiet', '--no-input', '--disable-pip-version-check', '--no-compile'];
    const bounds = ['--no-deps', '--retries', '2', '--timeout', '15', '-r', file];
    const pip = await run(join(folder, 'bin', 'python'), [...install, ...bounds], until - Date.now());
    if (pip.code === undefined) return `its packages were not installed within ${MAKE_MS / 1000} s`;
    if (pip.code !== 0) return `pip could not install its packages: ${lastError(pip.stderr)}`;
    takeName(folder, made);
    return undefined;
  } finally {
    remove(folder);
  }
}

/** An environment of an older requirements file, or what a killed maker left. */
function isOver(name: string, environments: string, entry: string): boolean {
  if (!entry.startsWith(`${name}-`)) return false;
  if (!entry.startsWith(`${name}-started-`)) return /^[0-9a-f]{16}$/.test(entry.slice(name.length + 1));
  const changed = statSync(join(environments, entry), { throwIfNoEntry: false })?.mtimeMs;
  return changed !== undefined && Date.now() - changed > ABANDONED_MS;
}

function takeName(folder: string, made: string): void {
  try {
    renameSync(folder, made);
  } catch (error) {
    if (!existsSync(made)) throw error;
  }
}

const remove = (folder: string): void => rmSync(folder, { recursive: true, force: true });

const lastError = (stderr: string): string =>
  stderr
    .split('\n')
    .filter((line) => /^\s*(?:ERROR|error)\b/.test(line))
    .at(-1)
    ?.trim() ?? 'it does not say why';

interface Ended {
  /** Undefined: it was stopped after the time it had, or never began. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

function run(file: string, args: readonly string[], milliseconds: number): Promise<Ended> {
  return new Promise((resolve) => {
    // A group of its own: pip compiles in children, which must end with it.
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const timer = setTimeout(() => endGroup(child), milliseconds);
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const end = (code: number | undefined) => {
      clearTimeout(timer);
      resolve({ code, stdout, stderr });
    };
    child.on('error', () => end(undefined));
    child.on('close', (code) => end(code ?? undefined));
  });
}

function endGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended by itself just now.
  }
}

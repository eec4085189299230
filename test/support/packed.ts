// Packages as npm packs and installs them: in a copy of the project, and in empty folders.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { copyOfTheProject, type Env, folderWithNode, npmProgram, PROJECT, pathWith, start } from './start-project.ts';
import { temporaryFolder } from './temporary-folder.ts';

export async function run(program: string, args: readonly string[], cwd: string, env: Env = {}) {
  const running = start(program, args, { cwd, env });
  const { code } = await running.ended;
  const [out, err] = [running.stdout(), running.stderr()];
  return { code, out, err, said: `${out}${err}` };
}

/** By `npm pack`, or a script that ends in one, in a copy of the project. `files` are as they lie in the package. */
export async function packedBy(...script: string[]): Promise<{ tarball: string; files: readonly string[] }> {
  const copy = await copyOfTheProject();
  await symlink(join(PROJECT, 'node_modules'), join(copy, 'node_modules'));
  const to = temporaryFolder('packed');
  const env = { PATH: pathWith(await folderWithNode(process.execPath)) };
  const args = script[0] === 'run' ? [...script, '--'] : script;
  const { code, said } = await run(npmProgram(), [...args, '--pack-destination', to], copy, env);
  if (code !== 0) throw new Error(`npm ${script.join(' ')} failed:\n${said}`);
  const [made = '', ...others] = readdirSync(to);
  if (made === '' || others.length > 0) throw new Error(`npm ${script.join(' ')} made no package, or several`);
  const tarball = join(to, made);
  const listed = spawnSync('tar', ['-tzf', tarball], { encoding: 'utf8' }).stdout.trimEnd().split('\n');
  return { tarball, files: listed.map((file) => file.replace(/^package\//, '')) };
}

/** Installs into an empty folder. Where npm reaches no registry: the reason. */
export async function installed(...args: string[]): Promise<{ folder: string; unreachable?: string }> {
  const folder = temporaryFolder('installed');
  const env = { PATH: pathWith(await folderWithNode(process.execPath)), npm_config_prefer_offline: 'true' };
  const { code, said } = await run(npmProgram(), ['install', '--ignore-scripts', ...args], folder, env);
  if (code === 0) return { folder };
  const [, reason] =
    /^npm error code (ENOTFOUND|EAI_AGAIN|ECONN\w+|ETIMEDOUT|ENETUNREACH|ENOTCACHED|E40[13])$/m.exec(said) ?? [];
  if (reason === undefined) throw new Error(`npm install failed:\n${said}`);
  return { folder, unreachable: `npm cannot install here: ${reason}` };
}

/** A program of the project's own tools. */
export const tool = (...path: string[]): string => join(PROJECT, 'node_modules', ...path);

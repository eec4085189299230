// Native Rust to compare with: a small program on the crate starknet-crypto, built by cargo where there is one and its registry can be
// reached. It is never needed.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface NativeRust {
  /** Microseconds of processor time of one call; answers to the items of the program's own figure, taken in turn. */
  time(figure: string, calls: number, items: readonly (readonly bigint[])[]): number;
  /** Its answer to each item. */
  answers(figure: string, items: readonly (readonly bigint[])[]): readonly (readonly bigint[])[];
}

const folder = fileURLToPath(new URL('../native-rust/', import.meta.url));
const BUILD_MS = 600_000;

/** The program, or one sentence why there is none. */
export function buildNativeRust(): NativeRust | string {
  const build = spawnSync('cargo', ['build', '--release', '--locked', '--quiet'], {
    cwd: folder,
    encoding: 'utf8',
    timeout: BUILD_MS,
    env: { ...process.env, CARGO_NET_RETRY: '1', CARGO_HTTP_TIMEOUT: '15' },
  });
  if (build.error !== undefined && build.status === null) {
    return 'code' in build.error && build.error.code === 'ENOENT'
      ? 'cargo is not installed'
      : `cargo did not build it within ${BUILD_MS / 1000} s`;
  }
  if (build.status !== 0) return `cargo could not build it: ${build.stderr.trim().split('\n')[0] ?? ''}`;

  const run = (figure: string, calls: number, items: readonly (readonly bigint[])[]): readonly string[] => {
    const input = items.map((numbers) => numbers.map((number) => `0x${number.toString(16)}`).join(' ')).join('\n');
    const { status, stdout, stderr } = spawnSync(`${folder}target/release/native-rust`, [figure, String(calls)], {
      input,
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`native Rust failed: ${stderr}`);
    return stdout.trim().split('\n');
  };
  return {
    time: (figure, calls, items) => Number(run(figure, calls, items).at(-1)),
    answers: (figure, items) =>
      run(figure, 1, items)
        .slice(0, -1)
        .map((line) => line.split(' ').map(BigInt)),
  };
}

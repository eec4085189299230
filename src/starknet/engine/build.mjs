// Builds stark.wasm from assembly/: the same bytes from the same sources, as the compiler's version is pinned in package.json.
// Usage: node build.mjs [--sources <folder>] [--out <file>]
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = fileURLToPath(new URL('.', import.meta.url));
const { values } = parseArgs({
  options: {
    sources: { type: 'string', default: join(here, 'assembly') },
    out: { type: 'string', default: join(here, 'stark.wasm') },
  },
});

const compiler = createRequire(import.meta.url).resolve('assemblyscript/bin/asc.js');
const flags = [
  '-O3',
  // No allocator, no garbage collector: the kernel lays its memory out itself.
  '--runtime',
  'stub',
  // No assertions and no import of abort(): the module imports nothing at all.
  '--noAssert',
  '--use',
  'abort=',
];
// From within the sources, so that no path of this machine can reach the output.
const { status, error } = spawnSync(
  process.execPath,
  [compiler, 'kernel.ts', '--outFile', resolve(values.out), ...flags],
  {
    cwd: resolve(values.sources),
    stdio: 'inherit',
  },
);
if (error !== undefined) throw error;
process.exitCode = status ?? 1;

// npm run build: compiles src/ into dist/ for the package, and the console into dist/console. A clone runs src/ as it is, and its start builds
// the console alone.
import { spawnSync } from 'node:child_process';
import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const root = import.meta.dirname;
const inRoot = (...path) => join(root, ...path);

// First: a file that was deleted or renamed in src/ must not be packed.
rmSync(inRoot('dist'), { recursive: true, force: true });
run(inRoot('node_modules', 'typescript', 'bin', 'tsc'), '-p', inRoot('tsconfig.build.json'));
// tsc emits imported JSON, but no other file.
const wasm = join('starknet', 'engine', 'stark.wasm');
copyFileSync(inRoot('src', wasm), inRoot('dist', wasm));
run(
  inRoot('node_modules', 'vite', 'bin', 'vite.js'),
  'build',
  '--config',
  inRoot('console', 'vite.config.ts'),
  '--logLevel=warn',
);

function run(...command) {
  // Under another NODE_ENV the console's parts would be built with their development checks.
  const env = { ...process.env, NODE_ENV: 'production' };
  const { status } = spawnSync(process.execPath, command, { env, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

// npm run build: compiles src/ into dist/ for the package. A clone runs src/ as it is and needs no build.
import { spawnSync } from 'node:child_process';
import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const root = import.meta.dirname;
const inRoot = (...path) => join(root, ...path);

// First: a file that was deleted or renamed in src/ must not be packed.
rmSync(inRoot('dist'), { recursive: true, force: true });
const tsc = [inRoot('node_modules', 'typescript', 'bin', 'tsc'), '-p', inRoot('tsconfig.build.json')];
const { status } = spawnSync(process.execPath, tsc, { stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);
// tsc emits imported JSON, but no other file.
const wasm = join('starknet', 'engine', 'stark.wasm');
copyFileSync(inRoot('src', wasm), inRoot('dist', wasm));

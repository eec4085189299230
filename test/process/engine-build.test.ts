import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const engine = fileURLToPath(new URL('../../src/starknet/engine/', import.meta.url));

/** The compiler is a development dependency: an installation without those can run the engine but not rebuild it. */
function compilerIsInstalled(): boolean {
  try {
    createRequire(join(engine, 'build.mjs')).resolve('assemblyscript/bin/asc.js');
    return true;
  } catch {
    return false;
  }
}

test.skipIf(!compilerIsInstalled())('stark.wasm is what its sources compile to, byte for byte', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stark-'));
  try {
    const out = join(folder, 'stark.wasm');
    const { status, stderr } = spawnSync(process.execPath, [join(engine, 'build.mjs'), '--out', out], {
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(readFileSync(out).equals(readFileSync(join(engine, 'stark.wasm')))).toBe(true);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

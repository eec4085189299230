// Opens the engine the tests are about: the committed module, or the one that test/engine-mutants.ts names in the environment.
import { readFileSync } from 'node:fs';
import { scureCurve } from '../../src/starknet/curve.ts';
import { createStarkEngine, type StarkEngine, type StarkEngineOptions } from '../../src/starknet/engine/engine.ts';

export const wasmFile: string | URL =
  process.env.ENGINE_WASM ?? new URL('../../src/starknet/engine/stark.wasm', import.meta.url);
export const wasm: Uint8Array = readFileSync(wasmFile);

/** An engine with room for some tables, whose deferred work never runs unless a test asks for it. */
export function openEngine(options: Partial<StarkEngineOptions> = {}): StarkEngine {
  return createStarkEngine({ fallback: scureCurve, tableBytes: 2 ** 20, wasm, defer: () => {}, ...options });
}

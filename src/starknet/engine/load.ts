// Loads stark.wasm from beside this file. Never throws: on any failure it returns the reason, and the caller runs on the fallback.
import { readFileSync } from 'node:fs';
import { createStarkEngine, type StarkEngine, type StarkEngineOptions } from './engine.ts';

export type LoadedEngine =
  | { readonly kind: 'engine'; readonly engine: StarkEngine }
  /** `reason` is one line for the log. */
  | { readonly kind: 'unavailable'; readonly reason: string };

export interface LoadOptions extends Omit<StarkEngineOptions, 'wasm'> {
  /** Another file, for tests. */
  readonly file?: URL | string;
}

/** The engine, its self-test passed, or the reason why there is none. Takes about 0.1 s, most of it the constant tables. */
export function loadStarkEngine(options: LoadOptions): LoadedEngine {
  const { file = new URL('./stark.wasm', import.meta.url), ...rest } = options;
  try {
    return { kind: 'engine', engine: createStarkEngine({ ...rest, wasm: readFileSync(file) }) };
  } catch (error) {
    return { kind: 'unavailable', reason: error instanceof Error ? error.message : String(error) };
  }
}

// The curve that harnesses and tests hash with before they sign: the engine's, as plain JavaScript takes hundreds of times as long. A test
// whose oracle is the plain curve names scureCurve itself.
import { scureCurve } from '../../src/starknet/curve.ts';
import { loadStarkEngine } from '../../src/starknet/engine/load.ts';
import type { StarkCurve } from '../../src/starknet/pedersen.ts';

const loaded = loadStarkEngine({ fallback: scureCurve, tableBytes: 0 });

export const curve: StarkCurve = loaded.kind === 'engine' ? loaded.engine : scureCurve;

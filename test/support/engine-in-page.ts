// Runs in a browser: the engine over the published vectors, its answers as text for the test to compare.
import { scureCurve } from '../../src/starknet/curve.ts';
import { createStarkEngine } from '../../src/starknet/engine/engine.ts';
import { hashElements, type SignatureCheck } from '../../src/starknet/pedersen.ts';
import { parseSignaturePair } from '../../src/starknet/signature.ts';
import vectors from '../vectors/vectors.json' with { type: 'json' };

/** Each list in the order of the vectors; `fallbacks` is how often the kernel could not decide. */
export interface EngineAnswers {
  readonly hashes: readonly string[];
  readonly verdicts: readonly boolean[];
  readonly withTables: readonly boolean[];
  readonly batch: readonly boolean[];
  readonly recovered: readonly boolean[];
  readonly fallbacks: number;
  readonly tableHits: number;
}

async function answer(): Promise<EngineAnswers> {
  const wasm = new Uint8Array(await (await fetch('/src/starknet/engine/stark.wasm')).arrayBuffer());
  const engine = createStarkEngine({ fallback: scureCurve, tableBytes: 2 ** 22, wasm });

  const hashes = vectors.groups.pedersen.map(({ kind, inputs }) => {
    const felts = inputs.map(BigInt);
    const [a = 0n, b = 0n] = felts;
    return String(kind === 'pair' ? engine.pedersen(a, b) : hashElements(engine, felts));
  });
  const checks = vectors.groups.signature_verify.map(({ message_hash, signature, public_key }) => ({
    hash: BigInt(message_hash),
    publicKey: BigInt(public_key),
    ...(parseSignaturePair(signature) ?? { r: 0n, s: 0n }),
  }));
  const verify = ({ hash, r, s, publicKey }: SignatureCheck): boolean => engine.verify(hash, r, s, publicKey);
  const verdicts = checks.map(verify);
  const batch = engine.verifyBatch(checks);
  for (const { publicKey } of checks) engine.warm(publicKey);
  const withTables = checks.map(verify);
  const recovered = checks.map(({ hash, r, s, publicKey }) => engine.recoverCandidates(hash, r, s).includes(publicKey));
  const { fallbacks, tableHits } = engine.stats();
  return { hashes, verdicts, withTables, batch, recovered, fallbacks, tableHits };
}

Object.assign(globalThis, { engineAnswers: answer() });

// The answers of one thread: the engine, with the plain JavaScript curve behind it. The quick side never runs that curve, which takes a
// hundred times longer: it throws NeedsPlainCurve, and the caller decides where the complete side runs.
import type { RecoverPublicKey } from '../ethereum/eip191.ts';
import { scureCurve } from '../starknet/curve.ts';
import type { EngineStats } from '../starknet/engine/engine.ts';
import { type LoadOptions, loadStarkEngine } from '../starknet/engine/load.ts';
import type { StarkCurve } from '../starknet/pedersen.ts';
import { type Answers, createAnswers, type VerificationSettings } from './answer.ts';

/** Only the plain JavaScript curve can tell: ask the complete side. */
export class NeedsPlainCurve extends Error {
  override readonly name = 'NeedsPlainCurve';
}

export interface OpenedAnswers {
  /** Takes a fraction of a millisecond, or throws NeedsPlainCurve. Undefined when the engine cannot be used. */
  readonly quick: Answers | undefined;
  /** The same answers and never NeedsPlainCurve; may take tens of milliseconds. */
  readonly complete: Answers['answer'];
  /** Why there is no engine, in one line for the log. */
  readonly unavailable: string | undefined;
  /** Undefined without the engine. */
  stats(): EngineStats | undefined;
}

/** Takes about 0.1 s. Throws FeltTextError for an unusable domain. */
export function openAnswers(
  settings: VerificationSettings,
  {
    recoverPublicKey,
    ...engineOptions
  }: Omit<LoadOptions, 'fallback'> & { readonly recoverPublicKey?: RecoverPublicKey },
): OpenedAnswers {
  let mayTakeLong = true;
  const plain = (): StarkCurve => {
    if (!mayTakeLong) throw new NeedsPlainCurve('only the plain JavaScript curve can tell');
    return scureCurve;
  };
  const loaded = loadStarkEngine({
    ...engineOptions,
    fallback: {
      pedersen: (a, b) => plain().pedersen(a, b),
      verify: (hash, r, s, publicKey) => plain().verify(hash, r, s, publicKey),
      recoverCandidates: (hash, r, s) => plain().recoverCandidates(hash, r, s),
      isPublicKey: (x) => plain().isPublicKey(x),
    },
  });
  if (loaded.kind === 'unavailable') {
    const { answer } = createAnswers(scureCurve, settings, recoverPublicKey);
    return { quick: undefined, complete: answer, unavailable: loaded.reason, stats: () => undefined };
  }

  const { engine } = loaded;
  const quick = createAnswers(engine, settings, recoverPublicKey);
  mayTakeLong = false;
  return {
    quick,
    complete(question) {
      mayTakeLong = true;
      try {
        return quick.answer(question);
      } finally {
        mayTakeLong = false;
      }
    },
    unavailable: undefined,
    stats: () => engine.stats(),
  };
}

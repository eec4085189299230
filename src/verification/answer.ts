// Answers questions about keys and signatures, with one Stark curve and one way to recover wallets. Decides what a signature proves and
// nothing else: which account it is for, and what is alive and allowed, is decided in the use cases.
import { type Felt, feltOf, feltValue } from '../domain/felt.ts';
import { type RecoverPublicKey, recoverInJavaScript, recoverSigner } from '../ethereum/eip191.ts';
import { evmAccountAddress, type StarknetAccountClasses, starknetAccountAddress } from '../starknet/address.ts';
import { activationHash, createMessageHasher, registrationHash, type SigningDomain } from '../starknet/message.ts';
import { orderHash, orderStruct } from '../starknet/order.ts';
import type { PedersenChain, StarkCurve } from '../starknet/pedersen.ts';
import type { StarkSignature } from '../starknet/signature.ts';
import type { Answer, LoginQuestion, OrderQuestion, Question, SignerOfHash } from './questions.ts';

/** The settings that answers depend on, as plain data. */
export interface VerificationSettings {
  readonly domain: SigningDomain;
  readonly classes: StarknetAccountClasses & { readonly evmAccountHash: Felt };
}

/** Whether the first of a question's keys signed the first of its hashes. */
export interface FirstVerdict extends SignerOfHash {
  readonly signed: boolean;
}

export interface Answers {
  /** `first`: as firstVerdicts gave it. Throws only what the curve throws. */
  answer(question: Question, first?: FirstVerdict): Answer;
  /** The first verdict on each login and order, faster than one by one; undefined for other questions. */
  firstVerdicts(questions: readonly Question[]): readonly (FirstVerdict | undefined)[];
}

/** Throws FeltTextError for an unusable domain. */
export function createAnswers(
  curve: StarkCurve,
  { domain, classes }: VerificationSettings,
  recoverPublicKey: RecoverPublicKey = recoverInJavaScript,
): Answers {
  const hasher = createMessageHasher(curve, domain);

  const isSignedBy = (publicKey: Felt, hash: bigint, { r, s }: StarkSignature): boolean =>
    curve.verify(hash, r, s, feltValue(publicKey));
  const isPublicKey = (publicKey: Felt): boolean => curve.isPublicKey(feltValue(publicKey));
  const addressOf = (publicKey: Felt): Felt => starknetAccountAddress(curve, publicKey, classes);
  const candidatesOf = (hash: bigint, { r, s }: StarkSignature): readonly Felt[] =>
    curve.recoverCandidates(hash, r, s).map(feltOf);

  return { answer, firstVerdicts };

  function answer(question: Question, first?: FirstVerdict): Answer {
    switch (question.kind) {
      case 'login':
        return { kind: question.kind, ...signerOf(loginHashes(question, first), question.signature, question, first) };
      case 'order': {
        const { account, order } = question;
        const hashes = [first?.hash ?? orderHash(curve, hasher, account, order)];
        return { kind: question.kind, ...signerOf(hashes, order.signature, question, first) };
      }
      case 'signature': {
        const { hash, signature, publicKey } = question;
        return { kind: question.kind, valid: isSignedBy(publicKey, hash, signature) };
      }
      case 'registration': {
        const hash = registrationHash(curve, question.message);
        const signed = hash !== undefined && isSignedBy(question.mainKey, hash, question.signature);
        return { kind: question.kind, hash: signed ? hash : undefined };
      }
      case 'activation': {
        const { timestamp, ephPublicKey, signature } = question;
        const hash = activationHash(curve, timestamp, ephPublicKey);
        return { kind: question.kind, valid: hash !== undefined && isSignedBy(ephPublicKey, hash, signature) };
      }
      case 'onboarding':
        return { kind: question.kind, verdict: onboardingVerdict(question) };
      case 'key_address': {
        const { publicKey } = question;
        return { kind: question.kind, address: isPublicKey(publicKey) ? addressOf(publicKey) : undefined };
      }
      case 'wallet_address':
        return { kind: question.kind, address: evmAccountAddress(curve, question.wallet, classes.evmAccountHash) };
      case 'wallet_signer':
        return { kind: question.kind, signer: recoverSigner(question.text, question.signature, recoverPublicKey) };
      case 'public_key':
        return { kind: question.kind, valid: isPublicKey(question.publicKey) };
      default:
        return question satisfies never;
    }
  }

  function firstVerdicts(questions: readonly Question[]): readonly (FirstVerdict | undefined)[] {
    const asked = questions.flatMap((question) => {
      if (question.kind !== 'login' && question.kind !== 'order') return [];
      const [publicKey] = question.keys;
      return publicKey === undefined ? [] : [{ question, publicKey }];
    });
    const hashes = hasher.messageHashes(
      asked.map(({ question }) => ({ account: question.account, struct: structOf(question) })),
    );
    const hashed = asked.flatMap((item, i) => {
      const hash = hashes[i];
      return hash === undefined ? [] : [{ ...item, hash }];
    });
    const verdicts = curve.verifyBatch(
      hashed.map(({ question, publicKey, hash }) => {
        const { r, s } = question.kind === 'login' ? question.signature : question.order.signature;
        return { hash, r, s, publicKey: feltValue(publicKey) };
      }),
    );
    const first = new Map<Question, FirstVerdict>(
      hashed.map(({ question, publicKey, hash }, i) => [question, { hash, publicKey, signed: verdicts[i] === true }]),
    );
    return questions.map((question) => first.get(question));
  }

  function structOf(question: LoginQuestion | OrderQuestion): PedersenChain {
    return question.kind === 'order' ? orderStruct(curve, question.order) : hasher.loginStruct(firstForm(question));
  }

  // Almost everybody signs the first form; the second hash is computed only when the first does not verify.
  function* loginHashes(question: LoginQuestion, first: FirstVerdict | undefined): Generator<bigint> {
    const { account, timestamp, expiration } = question;
    yield first?.hash ?? hasher.loginHash({ account, ...firstForm(question) });
    if (expiration === undefined && question.purpose === 'login')
      yield hasher.loginHashWithoutExpiration({ account, timestamp });
  }

  function signerOf(
    hashes: Iterable<bigint>,
    signature: StarkSignature,
    { keys, recover }: { readonly keys: readonly Felt[]; readonly recover: boolean },
    first: FirstVerdict | undefined,
  ): { signer: SignerOfHash | undefined; candidates: readonly SignerOfHash[] } {
    const seen: bigint[] = [];
    for (const hash of hashes) {
      const publicKey = keys.find((publicKey) =>
        first?.hash === hash && first.publicKey === publicKey ? first.signed : isSignedBy(publicKey, hash, signature),
      );
      if (publicKey !== undefined) return { signer: { hash, publicKey }, candidates: [] };
      seen.push(hash);
    }
    const candidates = recover
      ? seen.flatMap((hash) => candidatesOf(hash, signature).map((publicKey) => ({ hash, publicKey })))
      : [];
    return { signer: undefined, candidates };
  }

  function onboardingVerdict({
    account,
    publicKey,
    signature,
  }: Extract<Question, { kind: 'onboarding' }>): Extract<Answer, { kind: 'onboarding' }>['verdict'] {
    if (publicKey !== undefined && !isPublicKey(publicKey)) return { kind: 'not_a_key' };
    if (publicKey !== undefined && addressOf(publicKey) !== account) return { kind: 'other_address' };
    const hash = hasher.onboardingHash(account);
    const signer = publicKey ?? candidatesOf(hash, signature).find((candidate) => addressOf(candidate) === account);
    if (signer === undefined || !isSignedBy(signer, hash, signature)) return { kind: 'not_signed' };
    return { kind: 'signed', publicKey: signer };
  }
}

const firstForm = ({ purpose, timestamp, expiration, defaultExpiration }: LoginQuestion) => ({
  purpose,
  timestamp,
  expiration: expiration ?? defaultExpiration,
});

// A verifier that answers at once on this thread, with the engine and the plain curve behind it.
import { settingOf } from '../../src/config/schema.ts';
import type { SigningDomain } from '../../src/starknet/message.ts';
import type { VerificationSettings } from '../../src/verification/answer.ts';
import type { OnBehalfOf } from '../../src/verification/on-behalf-of.ts';
import { openAnswers } from '../../src/verification/open-answers.ts';
import { createVerifier, type Verifier } from '../../src/verification/verifier.ts';

export const verificationSettings = (domain: SigningDomain): VerificationSettings => ({
  domain,
  classes: {
    accountHash: settingOf['wire.paraclear_account_hash'].default,
    proxyHash: settingOf['wire.paraclear_account_proxy_hash'].default,
    evmAccountHash: settingOf['wire.paraclear_evm_account_hash'].default,
  },
});

export const inlineVerifier = (domain: SigningDomain): Verifier =>
  createVerifier({
    answers: openAnswers(verificationSettings(domain), { tableBytes: 0 }),
    maxWaiting: 100,
    maxWaitMs: 60_000,
    inlineMs: Number.POSITIVE_INFINITY,
  });

export const someone: OnBehalfOf = { client: '192.0.2.1', network: '192.0.2.1', signedIn: false, gone: () => false };

// What the page and the worker of the main key say to each other. A key goes in once, and comes out only as its room allows.

import type { OnboardingStatement, RegistrationStatement, RequestStatement } from '../../src/client/main-key.ts';

export type Ask =
  /** `not`: what is no private key for certain, as the account's own address. */
  | { readonly op: 'load'; readonly text: string; readonly not: readonly string[] }
  | { readonly op: 'make' }
  | { readonly op: 'derive'; readonly signature: string }
  | { readonly op: 'use'; readonly publicKey: string }
  | { readonly op: 'request'; readonly statement: RequestStatement }
  | { readonly op: 'onboarding'; readonly statement: OnboardingStatement }
  | { readonly op: 'registration'; readonly statement: RegistrationStatement }
  | { readonly op: 'reveal' }
  | { readonly op: 'saved' };

/** Why the worker refused: what it refuses is never repeated. */
export type Refused =
  | 'no-private-key'
  | 'public'
  | 'ethereum-key'
  | 'no-signature'
  | 'no-key'
  | 'other-key'
  | 'other-account'
  | 'not-signed'
  | 'not-shown'
  | 'broken';

export type Told = { readonly id: number } & (
  | { readonly is: 'done'; readonly value: readonly string[] }
  | { readonly is: 'refused'; readonly because: Refused }
);

// What a writer process tells about its work, one JSON line each: what it is about to ask, and what it was answered.

export type WriterAction =
  | 'account.onboarded'
  | 'token.created'
  | 'token.allowlist_replaced'
  | 'token.revoked'
  | 'subkey.registered'
  | 'subkey.renamed'
  | 'subkey.allowlist_replaced'
  | 'subkey.revoked';

export interface WriterWork {
  readonly account: string;
  readonly action: WriterAction;
  /** The account, the token's lookup_id or the subkey's public key. Empty while a token has none yet. */
  readonly id: string;
  /** What the change sets, where it sets something. */
  readonly name?: string;
  readonly allowedCidrs?: readonly string[];
}

export type WriterLine =
  /** The bearer of the account's main session. */
  | { readonly kind: 'session'; readonly account: string; readonly bearer: string }
  /** `ask` names one request. */
  | { readonly kind: 'asks'; readonly ask: string; readonly work: WriterWork }
  | { readonly kind: 'acknowledged'; readonly ask: string; readonly work: WriterWork; readonly requestId: string }
  /** The server is gone; the writer waits for its next line. */
  | { readonly kind: 'stopped' }
  /** A bearer of the token or subkey `id`. */
  | { readonly kind: 'bearer'; readonly account: string; readonly id: string; readonly bearer: string };

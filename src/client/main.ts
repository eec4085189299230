// The entry of the client library: what its users import. It runs where fetch and WebCrypto are.
export type { Auth, Session, StarkSigner } from './auth.ts';
export type { Answer, ApiRequest, Query } from './call.ts';
export type { Client, ClientOptions } from './create-client.ts';
export {
  Aborted,
  CountersignError,
  type ErrorCode,
  isCode,
  type MaybeMade,
  NoAnswer,
  type Phase,
  WalletRefused,
} from './errors.ts';
export type { Changed, Receipt } from './receipt.ts';

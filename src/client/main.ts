// The entry of the client library: what its users import. It runs where fetch and WebCrypto are.

export type { ActivityFilter, UsageFilter } from './activity.ts';
export { type AddressRange, addressRange, allowsAddress, coversAddresses, storedAddresses } from './addresses.ts';
export type { Auth, Session, StarkSigner } from './auth.ts';
export { bearer } from './bearer-auth.ts';
export type { Answer, ApiRequest, Query } from './call.ts';
export { type Client, type ClientOptions, createClient } from './create-client.ts';
export { dateOf } from './date-of.ts';
export { type DeviceOptions, device } from './device-auth.ts';
export {
  type DeviceKey,
  type DevicePrivateKey,
  type DevicePublicKey,
  exportedDeviceKey,
  importedDeviceKey,
  newDeviceKey,
} from './device-key.ts';
export type { NewDevice } from './devices.ts';
export type { Eip1193Provider } from './eip1193.ts';
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
export { type ExplanationInWords, explainInWords, type Remedy, refusalHeadline } from './explain-in-words.ts';
export { type Damage, HandOffDamaged } from './hand-off.ts';
export type { CallOptions, List, ListOptions, Page } from './list.ts';
export {
  type MainKey,
  mainKeyOf,
  type OnboardingStatement,
  type RegistrationStatement,
  type RequestStatement,
  type StarkSignature,
} from './main-key.ts';
export { importedPrivateKey, privateKeysOfSignature, randomPrivateKey } from './private-key.ts';
export type { Changed, Receipt } from './receipt.ts';
export { sentenceOf, sentenceOfTaking } from './refusal-words.ts';
export type {
  About,
  AccountOfSigner,
  ActivityRow,
  ApiToken,
  CreatedToken,
  CredentialKind,
  Device,
  Explanation,
  Named,
  Permission,
  RevokedAll,
  RotatedToken,
  Self,
  SignedOut,
  Subkey,
  UsageDay,
  UsedAddress,
} from './shapes.ts';
export type { NewOrder, OrderChange, OrderSignature } from './sign-order.ts';
export { mainKey, mainSigner, starkKey, subkey, subkeySigner } from './stark-auth.ts';
export type { CreatedSubkey, NewHandOff, NewSubkey, OfferedSubkey, OwnerOptions, TakenSubkey } from './subkeys.ts';
export type { NewToken, Rotation } from './tokens.ts';
export { type WalletOptions, wallet } from './wallet-auth.ts';
export {
  type AccountLookup,
  type DerivedKey,
  type KeyOfWalletOptions,
  starkKeyMessage,
  starkKeyOfWallet,
  starkKeySignature,
} from './wallet-key.ts';

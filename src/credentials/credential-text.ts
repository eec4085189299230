// Reads whatever an operator may paste during a leak: part of a log line, of an audit row, or a bearer from a paste site. Every form in
// which this service prints a credential is accepted.
import type { IpAddress } from '../domain/allowlist.ts';
import type { AccountId } from '../domain/credential.ts';
import { type Felt, parseFelt } from '../domain/felt.ts';
import { type CredentialKind, credentialKinds, isCredentialKind, kindTable, revocableKinds } from '../domain/kinds.ts';
import { readClientAddress, unwrapped } from '../domain/pasted.ts';
import { type EthereumAddress, parseEthereumAddress } from '../ethereum/eip191.ts';

export type CredentialText =
  | { readonly kind: 'bearer'; readonly jwt: string }
  /** `subkey:42`, `token:tok_..` or `credential/<account>/subkey/42`; only the last names the account. */
  | { readonly kind: 'row'; readonly account: AccountId | undefined; readonly of: CredentialKind; readonly id: string }
  | { readonly kind: 'lookup_id'; readonly lookupId: string }
  /** A public key, a wallet or an account: the text does not tell which. */
  | { readonly kind: 'number'; readonly value: Felt; readonly wallet: EthereumAddress | undefined }
  /** A client address. */
  | { readonly kind: 'client'; readonly ip: IpAddress };

/** Longer than any accepted form. */
export const MAX_CREDENTIAL_TEXT = 8_192;

export const CREDENTIAL_FORMS =
  'a public key, a lookup_id, a token id, subkey:42, credential/<account>/<kind>/<id>, a JWT, an account, or the address of a client';

const aRow = new RegExp(`^(?:credential/([^/]+)/)?(${credentialKinds.join('|')})[:/](.+)$`);

/** Undefined when the text has none of the forms. */
export function readCredentialText(given: string): CredentialText | undefined {
  const text = unwrapped(given);
  // Header and claims; the finder may have cut the signature off.
  if (/^eyJ[\w-]+\.[\w-]+(\.[\w-]*)?$/.test(text)) return { kind: 'bearer', jwt: text };
  const [, subject, kind = '', id = ''] = aRow.exec(text) ?? [];
  if (isCredentialKind(kind)) return rowOf(subject, kind, id);
  const bare = revocableKinds.find((one) => kindTable[one].id.test(text));
  if (bare !== undefined) return rowOf(undefined, bare, text);
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) {
    return { kind: 'lookup_id', lookupId: text.toLowerCase() };
  }
  const value = parseFelt(text.replace(/^(account|sessions)\//, ''));
  if (value !== undefined) return { kind: 'number', value, wallet: parseEthereumAddress(text) };
  const ip = readClientAddress(text);
  return ip === undefined ? undefined : { kind: 'client', ip };
}

function rowOf(subject: string | undefined, of: CredentialKind, id: string): CredentialText | undefined {
  const account = subject === undefined ? undefined : parseFelt(subject);
  if (!kindTable[of].id.test(id) || (subject !== undefined && account === undefined)) return undefined;
  // As in the row: a number without leading zeros.
  return { kind: 'row', account, of, id: /^[0-9]+$/.test(id) ? BigInt(id).toString() : id };
}

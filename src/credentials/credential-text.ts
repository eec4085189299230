// What an operator has in hand on the night of a leak, a line of a log, a row of the audit log or a bearer from a paste site, read as
// what it can name. Every form in which this service prints a credential is one of them.

import { type IpAddress, parseIp } from '../domain/allowlist.ts';
import type { AccountId } from '../domain/credential.ts';
import { type Felt, parseFelt } from '../domain/felt.ts';
import { type CredentialKind, credentialKinds, isCredentialKind, kindTable, revocableKinds } from '../domain/kinds.ts';
import { type EthereumAddress, parseEthereumAddress } from '../ethereum/eip191.ts';

export type CredentialText =
  | { readonly kind: 'bearer'; readonly jwt: string }
  /** `subkey:42`, `token:tok_..`, and `credential/<account>/subkey/42`, which alone says whose it is. */
  | { readonly kind: 'row'; readonly account: AccountId | undefined; readonly of: CredentialKind; readonly id: string }
  | { readonly kind: 'lookup_id'; readonly lookupId: string }
  /** A public key, a wallet or an account: which of them, no form tells. */
  | { readonly kind: 'number'; readonly value: Felt; readonly wallet: EthereumAddress | undefined }
  /** The address of a client. */
  | { readonly kind: 'client'; readonly ip: IpAddress };

/** Longer than any of them. */
export const MAX_CREDENTIAL_TEXT = 8_192;

export const CREDENTIAL_FORMS =
  'a public key, a lookup_id, a token id, subkey:42, credential/<account>/<kind>/<id>, a JWT, an account, or the address of a client';

/**
 * What was found somewhere, without what a message, a header or a log line in JSON puts around it; a JWT may have been broken into lines.
 */
export function unwrapped(given: string): string {
  const bare = given.replace(/^[\s"'`<]+/, '').replace(/[\s"'`>,;]+$/, '');
  const text = bare
    .replace(/^Authorization\s*:/i, '')
    .trim()
    .replace(/^Bearer +/i, '');
  return text.startsWith('eyJ') ? text.replace(/\s+/g, '') : text;
}

/** `192.0.2.7:51234` and `[2001:db8::7]:51234`, as proxies log who called, without the port. */
const withoutPort = (text: string): string =>
  text.replace(/^([0-9.]+):[0-9]{1,5}$/, '$1').replace(/^\[([^\]]+)\](:[0-9]{1,5})?$/, '$1');

const aRow = new RegExp(`^(?:credential/([^/]+)/)?(${credentialKinds.join('|')})[:/](.+)$`);

/** Undefined for what has none of the forms. */
export function readCredentialText(given: string): CredentialText | undefined {
  const text = unwrapped(given);
  // A header and claims; the signature may have been left out by who found it.
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
  const ip = parseIp(withoutPort(text));
  return ip === undefined ? undefined : { kind: 'client', ip };
}

function rowOf(subject: string | undefined, of: CredentialKind, id: string): CredentialText | undefined {
  const account = subject === undefined ? undefined : parseFelt(subject);
  if (!kindTable[of].id.test(id) || (subject !== undefined && account === undefined)) return undefined;
  // As the row has it: a number without leading zeros.
  return { kind: 'row', account, of, id: /^[0-9]+$/.test(id) ? BigInt(id).toString() : id };
}

// What an operator has in hand on the night of a leak, a line of a log, a row of the audit log or a bearer from a paste site, read as
// what it can name. Every form in which this service prints a credential is one of them.
import { type IpAddress, parseIp } from '../domain/allowlist.ts';
import { type AccountId, type CredentialKind, MAIN_CREDENTIAL_ID } from '../domain/credential.ts';
import { type Felt, parseFelt } from '../domain/felt.ts';
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

const ids: Readonly<Record<CredentialKind, RegExp>> = {
  main: new RegExp(`^${MAIN_CREDENTIAL_ID}$`),
  evm: new RegExp(`^${MAIN_CREDENTIAL_ID}$`),
  subkey: /^[0-9]{1,18}$/,
  token: /^tok_[0-9a-z]{1,40}$/,
};

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

/** Undefined for what has none of the forms. */
export function readCredentialText(given: string): CredentialText | undefined {
  const text = unwrapped(given);
  // A header and claims; the signature may have been left out by who found it.
  if (/^eyJ[\w-]+\.[\w-]+(\.[\w-]*)?$/.test(text)) return { kind: 'bearer', jwt: text };
  const [, subject, kind = '', id = ''] =
    /^(?:credential\/([^/]+)\/)?(main|evm|subkey|token)[:/](.+)$/.exec(text) ?? [];
  if (kind !== '') return rowOf(subject, kind, id);
  if (ids.subkey.test(text)) return rowOf(undefined, 'subkey', text);
  if (ids.token.test(text)) return rowOf(undefined, 'token', text);
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) {
    return { kind: 'lookup_id', lookupId: text.toLowerCase() };
  }
  const value = parseFelt(text.replace(/^(account|sessions)\//, ''));
  if (value !== undefined) return { kind: 'number', value, wallet: parseEthereumAddress(text) };
  const ip = parseIp(withoutPort(text));
  return ip === undefined ? undefined : { kind: 'client', ip };
}

function rowOf(subject: string | undefined, kind: string, id: string): CredentialText | undefined {
  const of = (['main', 'evm', 'subkey', 'token'] as const).find((one) => one === kind);
  const account = subject === undefined ? undefined : parseFelt(subject);
  if (of === undefined || !ids[of].test(id) || (subject !== undefined && account === undefined)) return undefined;
  // As the row has it.
  return { kind: 'row', account, of, id: of === 'subkey' ? BigInt(id).toString() : id };
}

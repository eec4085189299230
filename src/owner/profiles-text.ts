// What the file of profiles says. It may have been changed by hand or cut short: a value of another form than `login` writes is a damage, and
// is told before it is used.
import { createECDH } from 'node:crypto';
import { accountOf } from '../client/account-id.ts';
import { originOf } from '../client/outgoing.ts';

/** The key of this machine at one server. */
export interface SignedIn {
  readonly id: string;
  /** ISO 8601. */
  readonly expires_at: string;
  readonly key: {
    readonly kty: 'EC';
    readonly crv: 'P-256';
    readonly x: string;
    readonly y: string;
    readonly d: string;
  };
}

export interface Profile {
  /** `https://keys.venue.example`. */
  readonly url: string;
  /** `0x` hex. */
  readonly account: string;
  /** Absent: signed out. */
  readonly device?: SignedIn;
}

export interface Profiles {
  /** Undefined: none. */
  readonly current: string | undefined;
  readonly byName: ReadonlyMap<string, Profile>;
}

/** Names are typed and printed: they have no space and nothing that a shell reads. */
export const isProfileName = (name: string): boolean => /^[A-Za-z0-9][A-Za-z0-9._:@-]{0,63}$/.test(name);

/** `other`: no list of profiles of this release. `damaged`: one of them is none. */
export function profilesIn(text: string): Profiles | 'other' | 'damaged' {
  const value = json(text);
  const listed = value?.profiles;
  if (value?.version !== 1 || !isRecord(listed)) return 'other';
  const byName = new Map<string, Profile>();
  for (const [name, one] of Object.entries(listed)) {
    const profile = profileOf(one);
    if (profile === undefined || !isProfileName(name)) return 'damaged';
    byName.set(name, profile);
  }
  return { current: typeof value.current === 'string' ? value.current : undefined, byName };
}

function profileOf(value: unknown): Profile | undefined {
  if (!isRecord(value)) return undefined;
  const { url, account, device } = value;
  if (typeof url !== 'string' || !isOrigin(url)) return undefined;
  if (typeof account !== 'string' || !isAccount(account)) return undefined;
  if (device === undefined) return { url, account };
  const signedIn = signedInOf(device);
  return signedIn === undefined ? undefined : { url, account, device: signedIn };
}

function signedInOf(value: unknown): SignedIn | undefined {
  if (!isRecord(value)) return undefined;
  const { id, expires_at, key } = value;
  if (typeof id !== 'string' || !/^dev_[0-9A-Za-z_-]{1,64}$/.test(id)) return undefined;
  if (typeof expires_at !== 'string' || Number.isNaN(Date.parse(expires_at))) return undefined;
  if (!isRecord(key)) return undefined;
  const { x, y, d } = key;
  if (typeof x !== 'string' || typeof y !== 'string' || typeof d !== 'string') return undefined;
  const jwk = { kty: 'EC', crv: 'P-256', x, y, d } as const;
  return isPrivateKey(jwk) ? { id, expires_at, key: jwk } : undefined;
}

const isOrigin = (url: string): boolean => holds(() => originOf(url) === url);
const isAccount = (text: string): boolean => holds(() => accountOf(text) !== '');

/** Whether d makes x and y. Node.js reads other texts than base64url, too. */
function isPrivateKey({ x, y, d }: SignedIn['key']): boolean {
  const bytes = Buffer.from(d, 'base64url');
  if (bytes.toString('base64url') !== d) return false;
  return holds(() => {
    const curve = createECDH('prime256v1');
    curve.setPrivateKey(bytes);
    const point = curve.getPublicKey();
    return [x, y].every((half, at) => point.subarray(1 + 32 * at, 33 + 32 * at).toString('base64url') === half);
  });
}

function holds(is: () => boolean): boolean {
  try {
    return is();
  } catch {
    return false;
  }
}

function json(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

// Read-only tokens of the account.
import type { Core } from './call.ts';
import { type CallOptions, type List, type ListOptions, listOf } from './list.ts';
import { isBearer } from './not-countersign.ts';
import { type Changed, changed } from './receipt.ts';
import { segment } from './segment.ts';
import type { ApiToken, CreatedToken, RotatedToken } from './shapes.ts';

export interface NewToken {
  readonly name?: string;
  /** Seconds, 60 to 31536000; default 86400. */
  readonly expiry_duration?: number;
  /** Addresses and ranges; left out or empty: anywhere. */
  readonly allowed_cidrs?: readonly string[];
}

export interface Rotation {
  /** Seconds that the old one works beside the new one, 0 to 604800; default 86400. 0 ends it at once. */
  readonly overlap_seconds?: number;
  /** Seconds; default: as long as the old one was made for. */
  readonly expiry_duration?: number;
}

const LIST = '/v1/account/tokens';
const ours = (lookupId: string): string => `/countersign/v1/tokens/${segment(lookupId)}`;
const onWire = (lookupId: string): string => `${LIST}/${segment(lookupId)}`;

/** The bearer must be one: it is printed, written to files and sent. */
const isMade = (body: unknown): boolean =>
  isObject(body) && isBearer(body.token) && isObject(body.api_token) && typeof body.api_token.lookup_id === 'string';

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

/** Every method rejects as Call does. */
export function createTokens(core: Pick<Core, 'call'>) {
  return {
    /** `ended`: revoked and expired ones too. */
    list({ ended, ...options }: ListOptions & { readonly ended?: boolean } = {}): List<ApiToken> {
      return listOf<ApiToken>(core, LIST, { with_invalid: ended === true ? true : undefined }, options);
    },

    async get(lookupId: string, options: CallOptions = {}): Promise<ApiToken> {
      return (await core.call<ApiToken>({ ...options, method: 'GET', path: ours(lookupId) })).body;
    },

    /** The answer holds the bearer: nobody can show it again. Needs the main key. */
    async create(token: NewToken, options: CallOptions = {}): Promise<Changed<CreatedToken>> {
      const makes = { kind: 'token', ...(token.name === undefined ? {} : { name: token.name }) };
      return changed(
        await core.call<CreatedToken>({ ...options, method: 'POST', path: LIST, body: token, makes, isMade }),
      );
    },

    /** A token in the place of another, with its name and addresses. Needs the main key. */
    async rotate(lookupId: string, rotation: Rotation = {}, options: CallOptions = {}): Promise<Changed<RotatedToken>> {
      const path = `${ours(lookupId)}/rotate`;
      const makes = { kind: 'token', replaces: lookupId };
      return changed(
        await core.call<RotatedToken>({ ...options, method: 'POST', path, body: rotation, makes, isMade }),
      );
    },

    async rename(lookupId: string, name: string, options: CallOptions = {}): Promise<Changed<ApiToken>> {
      return changed(await core.call<ApiToken>({ ...options, method: 'PUT', path: ours(lookupId), body: { name } }));
    },

    /** From where it works. A list that the old one does not cover needs the main key; empty is anywhere. */
    async restrict(
      lookupId: string,
      allowedCidrs: readonly string[],
      options: CallOptions = {},
    ): Promise<Changed<ApiToken>> {
      const path = `${onWire(lookupId)}/allowed-cidrs`;
      const body = { allowed_cidrs: allowedCidrs };
      return changed(await core.call<ApiToken>({ ...options, method: 'PUT', path, body }));
    },

    /** Ends it, for good. Repeating it is no error. */
    async revoke(lookupId: string, options: CallOptions = {}): Promise<Changed<{ readonly lookup_id: string }>> {
      return changed(await core.call<{ lookup_id: string }>({ ...options, method: 'DELETE', path: onWire(lookupId) }));
    },
  };
}

// Finds the credentials that a text names, of any account, dead ones included: for the operator only. It changes nothing and never
// repeats a bearer it was given.
import { livenessRefusal } from '../access/rules.ts';
import type { AuditAction } from '../domain/audit-action.ts';
import { type AccountId, type CredentialRef, NO_ACCOUNT } from '../domain/credential.ts';
import type { DenyReason } from '../domain/decision.ts';
import type { Device } from '../domain/device.ts';
import { type CredentialKind, isRevocableKind, kindTable, type RevocableKind } from '../domain/kinds.ts';
import type { Subkey } from '../domain/subkey.ts';
import { addSeconds, type Clock, NEVER, secondsOf } from '../domain/time.ts';
import type { Token } from '../domain/token.ts';
import { ApiError } from '../errors.ts';
import { decodeBase64url } from '../jwt/base64url.ts';
import { type BearerClaims, readClaims } from '../jwt/claims.ts';
import type { Keyring } from '../jwt/keyring.ts';
import { bearerUses } from '../jwt/kinds.ts';
import { createReadTerminalToken, type VerifiedTerminal } from '../jwt/terminal-claims.ts';
import { createReadBearer } from '../jwt/verify.ts';
import type { AuditFilter, AuditRow, Store } from '../store/store.ts';
import type { UsageReads } from '../usage/reads.ts';
import { CREDENTIAL_FORMS, type CredentialText, readCredentialText } from './credential-text.ts';
import { type Found, foundDevice, foundOwn, foundSubkey, foundToken, isRevocable } from './found-credential.ts';
import { createSeenFrom, END_OF_TIME, type SeenFrom } from './seen-from.ts';

/** A JWT that was asked about. */
export interface FoundBearer {
  /** Whether a key of ours signed this exact text. If not, the results are only what the text claims. */
  readonly verified: boolean;
  /** The reason a request with it would be refused for, allowlist aside; undefined when it works. */
  readonly refusal: DenyReason | undefined;
  readonly kid: string | undefined;
  readonly claims: Pick<BearerClaims, 'session' | 'issuedAt' | 'expiresAt'> | undefined;
}

export type FoundCredentials =
  | { readonly by: 'name'; readonly results: readonly Found[]; readonly bearer: FoundBearer | undefined }
  | SeenFrom;

export interface FindCredentials {
  /** `cursor` continues what an address did. Throws INVALID_REQUEST_PARAMETER for a text in none of the forms. */
  find(text: string, cursor?: string): Promise<FoundCredentials>;
  /** The audit row that ended a revoked credential, if there is one. */
  endedBy(found: Found): Promise<AuditRow | undefined>;
}

/** Results per name: a public key may have been registered many times. */
const MOST = 100;

export function createFindCredentials(deps: {
  readonly store: Pick<
    Store,
    'account' | 'facts' | 'audit' | 'subkeysNamed' | 'tokensNamed' | 'device' | 'accountsNamed'
  >;
  readonly usage: Pick<UsageReads, 'usedFrom'>;
  readonly keyring: Keyring;
  readonly clock: Clock;
  readonly issuer: string;
}): FindCredentials {
  const { store, keyring, clock, issuer } = deps;
  const readBearer = createReadBearer({ keyring, issuer });
  const readTerminalToken = createReadTerminalToken({ keyring, issuer });
  const seenFrom = createSeenFrom({ store, usage: deps.usage, foundOf });

  return {
    async find(given, cursor) {
      const text = readCredentialText(given);
      if (text === undefined) {
        throw new ApiError('INVALID_REQUEST_PARAMETER', `this names no credential; what does is ${CREDENTIAL_FORMS}`);
      }
      if (text.kind === 'client') return seenFrom(text.ip, cursor);
      if (text.kind === 'bearer') return ofBearer(text.jwt);
      return { by: 'name', results: await named(text), bearer: undefined };
    },

    async endedBy(found) {
      if (!isRevocable(found) || found.row.revokedAt === NEVER) return undefined;
      const { ref } = found;
      const { revokedAt } = found.row;
      const newest = { from: undefined, to: END_OF_TIME, newestFirst: true };
      // Rows about more than this credential are matched by the time of the revocation.
      const span = { from: addSeconds(revokedAt, -1), to: addSeconds(revokedAt, 1), newestFirst: true };
      const endings: readonly AuditFilter[] = [
        ...endingsOf(ref.kind).map((action) => ({ ...newest, credential: ref, action })),
        // Ended together with others: of its account, or of the signing key.
        ...ENDINGS_OF_ACCOUNTS.map((action) => ({ ...span, account: ref.account, action })),
        { ...span, account: NO_ACCOUNT, action: 'signing_key.retired' },
      ];
      // One action per query: refused requests of a thief could fill any number of pages.
      for (const ending of endings) {
        const [row] = (await store.audit(ending, { limit: 1, cursor: undefined })).rows;
        if (row !== undefined) return row;
      }
      return undefined;
    },
  };

  async function named(text: Exclude<CredentialText, { kind: 'client' | 'bearer' }>): Promise<readonly Found[]> {
    switch (text.kind) {
      case 'row':
        if (text.account === undefined && !isRevocableKind(text.of)) {
          throw new ApiError(
            'INVALID_REQUEST_PARAMETER',
            `every account has one of these: name the account, or credential/<account>/${text.of}/main`,
          );
        }
        return (await byRow(text)).filter(({ ref }) => text.account === undefined || ref.account === text.account);
      case 'lookup_id':
        return tokens(await store.tokensNamed(text, MOST));
      case 'number': {
        const account = await store.account(text.value);
        const owners = [
          ...(account === undefined ? [] : [account]),
          ...(await store.accountsNamed({ publicKey: text.value }, MOST)),
          ...(text.wallet === undefined ? [] : await store.accountsNamed({ ethAddress: text.wallet }, MOST)),
        ];
        return [...owners.map(foundOwn), ...(await subkeys(await store.subkeysNamed({ publicKey: text.value }, MOST)))];
      }
      default:
        return text satisfies never;
    }
  }

  async function byRow({
    account,
    of,
    id,
  }: {
    readonly account: AccountId | undefined;
    readonly of: CredentialKind;
    readonly id: string;
  }): Promise<readonly Found[]> {
    const find = {
      subkey: async () => subkeys(await store.subkeysNamed({ id: BigInt(id) }, MOST)),
      token: async () => tokens(await store.tokensNamed({ tokenId: id }, MOST)),
      device: async () => devices(await store.device(id)),
      account: async () => {
        const owner = account === undefined ? undefined : await store.account(account);
        return owner === undefined ? [] : [foundOwn(owner)].filter(({ ref }) => ref.kind === of);
      },
    } satisfies Record<(typeof kindTable)[CredentialKind]['table'], () => Promise<readonly Found[]>>;
    return find[kindTable[of].table]();
  }

  async function foundOf(ref: CredentialRef): Promise<Found> {
    const { account, kind, id } = ref;
    const found = (await byRow({ account, of: kind, id })).find((one) => one.ref.account === account);
    return found ?? { ref, account: await store.account(account), row: undefined };
  }

  async function ofBearer(jwt: string): Promise<FoundCredentials> {
    const terminal = readTerminalToken(jwt);
    if (terminal !== undefined) return ofTerminalToken(terminal);
    const read = readBearer(jwt);
    const claims = read.ok ? read.claims : claimed(jwt);
    const kid = read.ok ? read.claims.kid : undefined;
    const refusal = read.ok ? await refusalNow(read.claims) : read.reason;
    const results =
      claims === undefined
        ? []
        : (await byRow({ ...claims.credential, of: claims.credential.kind })).filter(
            ({ ref }) => ref.account === claims.credential.account,
          );
    return { by: 'name', results, bearer: { verified: read.ok, refusal, kid, claims } };
  }

  /** It opens nothing here; the result is the account that it attests. */
  async function ofTerminalToken({
    kid,
    account,
    id,
    issuedAt,
    expiresAt,
  }: VerifiedTerminal): Promise<FoundCredentials> {
    const owner = await store.account(account);
    const claims = { session: id, issuedAt, expiresAt };
    const bearer = { verified: true, refusal: 'bearer_wrong_kind', kid, claims } as const;
    return { by: 'name', results: owner === undefined ? [] : [foundOwn(owner)], bearer };
  }

  async function refusalNow(claims: BearerClaims & { readonly kid: string }): Promise<DenyReason | undefined> {
    if (!keyring.isLive(claims.kid)) return 'signing_key_retired';
    if (claims.expiresAt <= secondsOf(clock.latest())) return 'bearer_expired';
    const { facts } = await store.facts({ ...claims.credential, kid: claims.kid });
    const caller = { kind: claims.credential.kind, permissions: new Set<never>(), authTime: claims.authTime };
    return livenessRefusal(caller, facts, clock.latest());
  }

  /** The claims of a bearer without a valid signature, for example one that was cut off. */
  function claimed(jwt: string): BearerClaims | undefined {
    const payload = decodeBase64url(jwt.split('.')[1] ?? '')?.toString() ?? '';
    for (const use of bearerUses) {
      const claims = readClaims(payload, use, issuer);
      if (claims !== undefined) return claims;
    }
    return undefined;
  }

  function subkeys(rows: readonly Subkey[]): Promise<readonly Found[]> {
    const now = clock.latest();
    return Promise.all(rows.map(async (row) => foundSubkey(row, await store.account(row.account), now)));
  }

  function tokens(rows: readonly Token[]): Promise<readonly Found[]> {
    const now = clock.latest();
    return Promise.all(rows.map(async (row) => foundToken(row, await store.account(row.account), now)));
  }

  async function devices(row: Device | undefined): Promise<readonly Found[]> {
    return row === undefined ? [] : [foundDevice(row, await store.account(row.account), clock.latest())];
  }
}

/** Actions that end a credential by name. A leak report of a subkey's session ends its sessions and keeps the row. */
const endingsOf = (kind: RevocableKind): readonly AuditAction[] => [
  ...[kindTable[kind].endedAs ?? []].flat(),
  ...(kindTable[kind].leakEnds === 'itself' ? (['credential.reported_leaked'] as const) : []),
  ...(kindTable[kind].endsItself ? (['credential.revoked_itself'] as const) : []),
];
const ENDINGS_OF_ACCOUNTS: readonly AuditAction[] = [
  'account.signed_out_everywhere',
  'account.revoked_all',
  'account.revoked_by_restore',
  'account.revoked_by_clock',
];

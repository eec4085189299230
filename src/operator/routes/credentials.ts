// Finds one credential among all by any of its names, and ends it. The question stands in the body: a bearer in the URL would be in
// every log on the way.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance } from 'fastify';
import Type, { type Static } from 'typebox';
import { MAX_CREDENTIAL_TEXT } from '../../credentials/credential-text.ts';
import type { FindCredentials, FoundBearer } from '../../credentials/find-credentials.ts';
import { type Found, type FoundRow, isRevocable, type RevocableFound } from '../../credentials/found-credential.ts';
import { isRevoked, type RevokeCredential } from '../../credentials/revoke-credential.ts';
import type { Seen } from '../../credentials/seen-from.ts';
import { shownEntries } from '../../domain/allowlist.ts';
import { actorOf, credentialSubject } from '../../domain/credential.ts';
import { isCursorOf } from '../../domain/cursor.ts';
import { kindTable } from '../../domain/kinds.ts';
import { NEVER, nanosOfSeconds } from '../../domain/time.ts';
import { MOST_ADDRESSES } from '../../domain/use.ts';
import { ApiError } from '../../errors.ts';
import { readCursor } from '../../http/kit/read.ts';
import type { AuditRow } from '../../store/store.ts';
import type { UsageReads } from '../../usage/reads.ts';
import { type BearerWire, type CredentialWire, FoundWire, RevokedWire, type RowWire } from '../../wire/credentials.ts';
import { REVOCATION_HEADER, receiptOf, receiptToWire } from '../../wire/receipt.ts';
import { addressToWire, lastUseToWire } from '../../wire/to-wire.ts';
import { actOf } from '../act.ts';

const MAX_CURSOR = 120;
const Named = Type.String({ maxLength: MAX_CREDENTIAL_TEXT });
const FindBody = Type.Object(
  { credential: Named, cursor: Type.Optional(Type.String({ maxLength: MAX_CURSOR })) },
  { additionalProperties: false },
);
const RevokeBody = Type.Object({ credential: Named }, { additionalProperties: false });

const ALL_ADDRESSES = { limit: MOST_ADDRESSES, cursor: undefined };

export function registerCredentialRoutes(
  server: FastifyInstance,
  deps: {
    readonly credentials: FindCredentials;
    readonly revokeCredential: RevokeCredential;
    readonly usage: UsageReads;
  },
): void {
  const { credentials, usage } = deps;
  const app = server.withTypeProvider<TypeBoxTypeProvider>();

  app.post(
    '/operator/v1/credentials/find',
    { schema: { body: FindBody, response: { 200: FoundWire } } },
    async (request) => {
      const { credential, cursor = '' } = request.body;
      const list = isCursorOf('used_from', cursor) ? 'used_from' : 'audit';
      const found = await credentials.find(credential, readCursor(list, cursor));
      if (found.by === 'client') {
        const results = [];
        for (const one of found.results) {
          results.push(await toWire(one, undefined, { seen: one.seen, from: found.address }));
          await nextTurn();
        }
        return { results: results.sort(newestFirst), bearer: null, next: found.next ?? null };
      }
      const results = [];
      for (const one of found.results) results.push(await toWire(one, await credentials.endedBy(one)));
      return { results, bearer: found.bearer === undefined ? null : bearerToWire(found.bearer), next: null };
    },
  );

  app.post(
    '/operator/v1/credentials/revoke',
    { schema: { body: RevokeBody, response: { 200: RevokedWire } } },
    async (request, reply) => {
      const asked = await theOne(request.body.credential);
      const changed = await deps.revokeCredential(asked, actOf(request));
      const [now = asked] = await findAll(credentialSubject(asked.ref));
      reply.header(REVOCATION_HEADER, receiptToWire(changed.receipt));
      return {
        revoked: changed.result,
        result: await toWire(now, await credentials.endedBy(now)),
        receipt: receiptOf(changed),
      };
    },
  );

  async function findAll(text: string): Promise<readonly Found[]> {
    const found = await credentials.find(text);
    if (found.by === 'client') {
      throw new ApiError(
        'INVALID_REQUEST_PARAMETER',
        'the address of a client names no credential: find says which it used',
      );
    }
    if (found.bearer?.verified === false) {
      throw new ApiError(
        'INVALID_REQUEST_PARAMETER',
        'no key of this service signed this JWT, so it names nobody: find says whose it claims to be',
      );
    }
    return found.results;
  }

  /** Throws NOT_FOUND, NOT_UNIQUE, and REQUEST_NOT_ALLOWED for a main key or wallet. */
  async function theOne(text: string): Promise<RevocableFound> {
    const found = await findAll(text);
    if (found.length === 0) throw new ApiError('NOT_FOUND', 'no credential has that name');
    const dead = found.filter((one) => isRevocable(one) && isRevoked(one));
    const alive = found.filter((one) => !dead.includes(one));
    // Prefer a live subkey: an earlier, revoked one under the same key is meant only when there is no other.
    const [one, ...others] = alive.length > 0 ? alive : dead.slice(0, 1);
    if (one === undefined || others.length > 0) {
      const credentials = alive.map(({ ref }) => credentialSubject(ref));
      throw new ApiError(
        'NOT_UNIQUE',
        `${alive.length} credentials have that name; say which: ${credentials.join(', ')}`,
        {
          data: { credentials },
        },
      );
    }
    if (isRevocable(one)) return one;
    const what = kindTable[one.ref.kind].noun;
    throw new ApiError(
      'REQUEST_NOT_ALLOWED',
      `a ${what} cannot be revoked, it is the account ${one.ref.account}: lock that, or its owner presses revoke-all`,
    );
  }

  /** `asked`: the address that was asked about, and what the audit log has from there. */
  async function toWire(
    found: Found,
    endedBy: AuditRow | undefined,
    asked?: { readonly from: string; readonly seen: Seen | undefined },
  ): Promise<CredentialWire> {
    const { ref, account } = found;
    const seen = asked?.seen;
    const used = await usage.lastUse(ref);
    const { rows } = await usage.addresses(ref.account, actorOf(ref), ALL_ADDRESSES);
    const addresses = asked === undefined ? rows : rows.filter(({ address }) => address === asked.from);
    const common = {
      account: ref.account,
      account_locked: account !== undefined && account.lockedAt !== NEVER,
      kind: ref.kind,
      credential: actorOf(ref),
      subject: credentialSubject(ref),
      revoked_at: found.row?.revokedAt ?? NEVER,
      ...lastUseToWire(used),
      addresses: addresses.map(addressToWire),
      ended_by: endedBy === undefined ? null : rowToWire(endedBy),
      seen:
        seen === undefined ? null : { rows: seen.rows, newest: rowToWire(seen.newest), oldest: rowToWire(seen.oldest) },
    };
    return { ...common, ...ownMembers(found.row) };
  }
}

const newestOf = ({ addresses, seen }: CredentialWire): bigint => {
  const [used = 0n, row = 0n] = [addresses[0]?.last_at, seen?.newest.at];
  return used > row ? used : row;
};

const newestFirst = (one: CredentialWire, other: CredentialWire): number =>
  newestOf(one) === newestOf(other) ? 0 : newestOf(one) > newestOf(other) ? -1 : 1;

function ownMembers(
  row: FoundRow | undefined,
): Pick<CredentialWire, 'label' | 'name' | 'state' | 'allowed_cidrs' | 'created_at' | 'expires_at'> {
  if (row === undefined) {
    return { label: '', name: '', allowed_cidrs: [], created_at: NEVER, expires_at: NEVER, state: 'gone' };
  }
  const { label, name, state, allowlist, createdAt, expiresAt } = row;
  return { label, name, state, allowed_cidrs: shownEntries(allowlist), created_at: createdAt, expires_at: expiresAt };
}

const rowToWire = ({ at, action, actor, requestId, clientIp }: AuditRow): Static<typeof RowWire> => ({
  at,
  action,
  actor,
  request_id: requestId,
  client_ip: clientIp,
});

const bearerToWire = ({ verified, refusal, kid, claims }: FoundBearer): Static<typeof BearerWire> => ({
  verified,
  refusal: refusal ?? null,
  kid: kid ?? null,
  session: claims?.session ?? null,
  issued_at: claims === undefined ? NEVER : nanosOfSeconds(claims.issuedAt),
  expires_at: claims === undefined ? NEVER : nanosOfSeconds(claims.expiresAt),
});

// Accounts as the operator sees them, and the lock.
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance } from 'fastify';
import Type, { type Static } from 'typebox';
import { noSuchAccount } from '../../credentials/known-account.ts';
import type { LockAccount } from '../../credentials/lock-account.ts';
import type { AccountId } from '../../domain/credential.ts';
import { parseFelt } from '../../domain/felt.ts';
import { type Clock, isOver, NEVER, type UnixNanos } from '../../domain/time.ts';
import type { Token } from '../../domain/token.ts';
import { ApiError } from '../../errors.ts';
import { readPage } from '../../http/kit/read.ts';
import type { Account, Store } from '../../store/store.ts';
import { BigInteger } from '../../wire/common.ts';
import { REVOCATION_HEADER, ReceiptWire, receiptOf, receiptToWire } from '../../wire/receipt.ts';
import { SubkeyWire } from '../../wire/subkeys.ts';
import { subkeyToWire, tokenToWire } from '../../wire/to-wire.ts';
import { ApiTokenWire } from '../../wire/tokens.ts';
import { actOf } from '../act.ts';

const AccountWire = Type.Object({
  account: Type.String(),
  signer_type: Type.String(),
  /** The main public key, or the wallet's address. */
  signer: Type.String(),
  locked: Type.Boolean(),
  /** Times are nanoseconds; 0 = not locked, or never signed out. */
  locked_at: BigInteger,
  valid_after: BigInteger,
  created_at: BigInteger,
});
type AccountWire = Static<typeof AccountWire>;

const AccountListWire = Type.Object({
  results: Type.Array(AccountWire),
  next: Type.Union([Type.String(), Type.Null()]),
});
/** Owners ask for live tokens alone or tell by the times; a table for people says it. */
const TokenWire = Type.Object({ ...ApiTokenWire.properties, state: Type.Enum(['issued', 'expired', 'revoked']) });
const AccountDetailWire = Type.Object({
  ...AccountWire.properties,
  subkeys: Type.Array(SubkeyWire),
  tokens: Type.Array(TokenWire),
  /** True when there are more of either than are shown. */
  more: Type.Boolean(),
});
const LockedWire = Type.Object({ ...AccountWire.properties, receipt: ReceiptWire });

const ListQuery = Type.Object(
  { limit: Type.Optional(Type.String()), cursor: Type.Optional(Type.String({ maxLength: 80 })) },
  { additionalProperties: false },
);
const AccountParams = Type.Object({ account: Type.String() });

/** Revoked ones too, and of those there may be any number. */
const SHOWN = 500;

export function registerAccountRoutes(
  server: FastifyInstance,
  deps: {
    readonly store: Pick<Store, 'account' | 'accounts' | 'subkeys' | 'tokens'>;
    readonly clock: Clock;
    readonly lockAccount: LockAccount;
  },
): void {
  const { store, lockAccount } = deps;
  const app = server.withTypeProvider<TypeBoxTypeProvider>();

  app.get(
    '/operator/v1/accounts',
    { schema: { querystring: ListQuery, response: { 200: AccountListWire } } },
    async (request) => {
      const { rows, next } = await store.accounts(readPage('accounts', request.query));
      return { results: rows.map(accountToWire), next: next ?? null };
    },
  );

  app.get(
    '/operator/v1/accounts/:account',
    { schema: { params: AccountParams, response: { 200: AccountDetailWire } } },
    async (request) => {
      const id = readAccount(request.params.account);
      const account = await store.account(id);
      if (account === undefined) throw noSuchAccount(id);
      const page = { limit: SHOWN, cursor: undefined };
      const now = deps.clock.latest();
      const subkeys = await store.subkeys(id, { withRevoked: true, now }, page);
      const tokens = await store.tokens(id, { withInvalid: true, kind: undefined, now }, page);
      return {
        ...accountToWire(account),
        subkeys: subkeys.rows.map((subkey) => subkeyToWire(subkey, now)),
        tokens: tokens.rows.map((token) => ({ ...tokenToWire(token), state: tokenStateAt(token, now) })),
        more: subkeys.next !== undefined || tokens.next !== undefined,
      };
    },
  );

  for (const command of ['lock', 'unlock'] as const) {
    app.post(
      `/operator/v1/accounts/:account/${command}`,
      { schema: { params: AccountParams, response: { 200: LockedWire } } },
      async (request, reply) => {
        const changed = await lockAccount[command](readAccount(request.params.account), actOf(request));
        reply.header(REVOCATION_HEADER, receiptToWire(changed.receipt));
        return { ...accountToWire(changed.result), receipt: receiptOf(changed) };
      },
    );
  }
}

function readAccount(text: string): AccountId {
  const account = parseFelt(text);
  if (account === undefined) throw new ApiError('INVALID_STARKNET_ADDRESS', 'the account is not a Starknet address');
  return account;
}

const accountToWire = ({ account, signer, lockedAt, validAfter, createdAt }: Account): AccountWire => ({
  account,
  signer_type: signer.type,
  signer: signer.type === 'starknet' ? signer.publicKey : signer.ethAddress,
  locked: lockedAt !== 0n,
  locked_at: lockedAt,
  valid_after: validAfter,
  created_at: createdAt,
});

function tokenStateAt({ revokedAt, expiryAt }: Token, now: UnixNanos): Static<typeof TokenWire>['state'] {
  if (revokedAt !== NEVER) return 'revoked';
  return isOver(expiryAt, now) ? 'expired' : 'issued';
}

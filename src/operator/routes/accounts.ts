// Accounts as the operator sees them, and the lock.
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance } from 'fastify';
import Type, { type Static } from 'typebox';
import { noSuchAccount, readAccount } from '../../credentials/known-account.ts';
import type { LockAccount } from '../../credentials/lock-account.ts';
import { refOfDevice } from '../../domain/device.ts';
import { refOfSubkey } from '../../domain/subkey.ts';
import { type Clock, isOver, NEVER, type UnixNanos } from '../../domain/time.ts';
import { refOfToken, type Token } from '../../domain/token.ts';
import { NEVER_USED } from '../../domain/use.ts';
import { readPage } from '../../http/kit/read.ts';
import type { Account, Store } from '../../store/store.ts';
import type { UsageReads } from '../../usage/reads.ts';
import {
  AccountDetailWire,
  AccountListWire,
  type AccountWire,
  LockedWire,
  type TokenWire,
} from '../../wire/accounts.ts';
import { deviceToWire } from '../../wire/devices.ts';
import { REVOCATION_HEADER, receiptOf, receiptToWire } from '../../wire/receipt.ts';
import { subkeyToWire, tokenToWire } from '../../wire/to-wire.ts';
import { actOf } from '../act.ts';

const ListQuery = Type.Object(
  { limit: Type.Optional(Type.String()), cursor: Type.Optional(Type.String({ maxLength: 80 })) },
  { additionalProperties: false },
);
const AccountParams = Type.Object({ account: Type.String() });

/** Bounded, because revoked ones are listed too and their number is not. */
const SHOWN = 500;

export function registerAccountRoutes(
  server: FastifyInstance,
  deps: {
    readonly store: Pick<Store, 'account' | 'accounts' | 'subkeys' | 'tokens' | 'devices'>;
    readonly clock: Clock;
    readonly lockAccount: LockAccount;
    readonly usage: UsageReads;
  },
): void {
  const { store, lockAccount, usage } = deps;
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
      const devices = await store.devices(id, { withEnded: true, now }, page);
      const tokens = await store.tokens(id, { withInvalid: true, kind: undefined, now }, page);
      const uses = {
        subkeys: await usage.lastUses(id, subkeys.rows.map(refOfSubkey)),
        tokens: await usage.lastUses(id, tokens.rows.map(refOfToken)),
        devices: await usage.lastUses(id, devices.rows.map(refOfDevice)),
      };
      return {
        ...accountToWire(account),
        subkeys: subkeys.rows.map((subkey, index) => subkeyToWire(subkey, now, uses.subkeys[index] ?? NEVER_USED)),
        tokens: tokens.rows.map((token, index) => ({
          ...tokenToWire(token, uses.tokens[index] ?? NEVER_USED),
          state: tokenStateAt(token, now),
        })),
        devices: devices.rows.map((device, index) => deviceToWire(device, now, uses.devices[index] ?? NEVER_USED)),
        more: [subkeys, tokens, devices].some(({ next }) => next !== undefined),
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

// GET /countersign/v1/usage and /countersign/v1/addresses: how much the account's credentials were used, and from where.
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance, FastifySchema } from 'fastify';
import { actorOf } from '../../domain/credential.ts';
import { isCredentialKind } from '../../domain/kinds.ts';
import { dayText, parseDay, type UtcDay } from '../../domain/use.ts';
import { ApiError } from '../../errors.ts';
import type { DayUse } from '../../store/store.ts';
import type { UsageReads } from '../../usage/reads.ts';
import { addressToWire } from '../../wire/to-wire.ts';
import { AddressListWire, AddressQuery, UsageListWire, UsageQuery } from '../../wire/usage.ts';
import { callerOf } from '../context.ts';
import { readCredentialOf, readPage } from '../kit/read.ts';

const common = {
  tags: ['Activity'],
  errors: ['INVALID_REQUEST_PARAMETER'],
  'x-extension': true,
} as const satisfies FastifySchema;
const usageSchema = {
  ...common,
  summary: "How many requests of the account's credentials were allowed, refused, limited and failed, by day",
  description:
    'Newest day first; days in UTC, without those on which a credential was not used. Kept for usage.keep_days; empty where that is 0.',
  querystring: UsageQuery,
  response: { 200: UsageListWire },
} as const satisfies FastifySchema;
const addressSchema = {
  ...common,
  summary: 'The addresses a credential was used from: the newest 50, newest first',
  description:
    'One that is not yours means that somebody else holds the key. A credential that this account does not have was used from none.',
  querystring: AddressQuery,
  response: { 200: AddressListWire },
} as const satisfies FastifySchema;

export function registerUsageRoutes(server: FastifyInstance, usage: UsageReads): void {
  const app = server.withTypeProvider<TypeBoxTypeProvider>();

  app.get('/countersign/v1/usage', { schema: usageSchema }, async (request) => {
    const { account } = callerOf(request).principal.credential;
    const { credential, from, to } = request.query;
    const question = {
      credential: credential === undefined ? undefined : actorOf(readCredentialOf(account, credential)),
      from: from === undefined ? undefined : readDay('from', from),
      to: to === undefined ? undefined : readDay('to', to),
    };
    if (question.from !== undefined && question.to !== undefined && question.from > question.to) {
      throw new ApiError('INVALID_REQUEST_PARAMETER', 'from must not be after to');
    }
    const { rows, next } = await usage.usage(account, question, readPage('usage', request.query));
    return { results: rows.map(dayToWire), next: next ?? null };
  });

  app.get('/countersign/v1/addresses', { schema: addressSchema }, async (request) => {
    const { account } = callerOf(request).principal.credential;
    const credential = actorOf(readCredentialOf(account, request.query.credential));
    const { rows, next } = await usage.addresses(account, credential, readPage('addresses', request.query));
    return { results: rows.map(addressToWire), next: next ?? null };
  });
}

function readDay(name: string, text: string): UtcDay {
  const day = parseDay(text);
  if (day === undefined) throw new ApiError('INVALID_REQUEST_PARAMETER', `${name} is not a day, as in 2026-11-28`);
  return day;
}

function dayToWire({ credential, day, allowed, refused, limited, failed }: DayUse) {
  const at = credential.indexOf(':');
  const kind = credential.slice(0, at);
  if (!isCredentialKind(kind)) throw new Error('a row of usage names no credential');
  return { credential: { kind, id: credential.slice(at + 1) }, day: dayText(day), allowed, refused, limited, failed };
}

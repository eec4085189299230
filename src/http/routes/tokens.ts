// /v1/account/tokens, what an owner does to one token beyond that, and the terminal token (docs/wire.md section 16).
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance, FastifySchema } from 'fastify';
import type { IssueTerminalToken } from '../../credentials/issue-terminal-token.ts';
import type { TokenCreation } from '../../credentials/make-token.ts';
import type { ManageTokens } from '../../credentials/manage-tokens.ts';
import type { RotateToken, Rotation } from '../../credentials/rotate-token.ts';
import {
  DEFAULT_OVERLAP_SECONDS,
  DEFAULT_TOKEN_SECONDS,
  MAX_OVERLAP_SECONDS,
  MAX_TOKEN_SECONDS,
  MIN_TOKEN_SECONDS,
} from '../../domain/lifetimes.ts';
import type { Clock } from '../../domain/time.ts';
import { refOfToken, type Token } from '../../domain/token.ts';
import { NEVER_USED } from '../../domain/use.ts';
import { ApiError } from '../../errors.ts';
import type { Store } from '../../store/store.ts';
import type { UsageReads } from '../../usage/reads.ts';
import { AllowedCidrsBody } from '../../wire/common.ts';
import { JwtWire } from '../../wire/logins.ts';
import { REVOCATION_HEADER, receiptToWire } from '../../wire/receipt.ts';
import { tokenToWire } from '../../wire/to-wire.ts';
import {
  ApiTokenListQuery,
  ApiTokenListWire,
  ApiTokenWire,
  CreatedTokenWire,
  CreateTokenBody,
  kindOfType,
  LookupIdParams,
  RenameTokenBody,
  RevokedTokenWire,
  RotatedTokenWire,
  RotateTokenBody,
} from '../../wire/tokens.ts';
import { callerOf, contextOf } from '../context.ts';
import { pathParam, readAllowlist, readFlag, readName, readPage } from '../kit/read.ts';

const list = '/v1/account/tokens';
const one = `${list}/:lookup_id`;
const extension = '/countersign/v1/tokens/:lookup_id';

export interface TokenRouteDeps {
  readonly store: Pick<Store, 'token' | 'tokens'>;
  readonly manage: ManageTokens;
  readonly rotate: RotateToken;
  readonly clock: Clock;
  readonly issueTerminalToken: IssueTerminalToken;
}

const tags = ['Read-only tokens'];
const listSchema = {
  tags,
  summary: 'List read-only tokens',
  querystring: ApiTokenListQuery,
  response: { 200: ApiTokenListWire },
  errors: ['INVALID_REQUEST_PARAMETER'],
} as const satisfies FastifySchema;
const createSchema = {
  tags,
  summary: 'Make a read-only token; the answer is the only place that ever shows it',
  body: CreateTokenBody,
  response: { 200: CreatedTokenWire },
  errors: ['TOKEN_LIMIT_REACHED'],
} as const satisfies FastifySchema;
const ofOne = {
  tags,
  readByHandler: { params: LookupIdParams },
  errors: ['NOT_FOUND'],
  receipt: true,
} as const satisfies FastifySchema;
const revokeSchema = {
  ...ofOne,
  summary: 'Revoke a read-only token: it is dead before the answer is sent',
  response: { 200: RevokedTokenWire },
} as const satisfies FastifySchema;
const allowlistSchema = {
  ...ofOne,
  summary: 'Replace the allowlist of a read-only token',
  body: AllowedCidrsBody,
  response: { 200: ApiTokenWire },
} as const satisfies FastifySchema;
const ofOneHere = {
  tags,
  readByHandler: { params: LookupIdParams },
  errors: ['NOT_FOUND'],
  'x-extension': true,
} as const satisfies FastifySchema;
const readSchema = {
  ...ofOneHere,
  summary: 'One read-only token, live or ended',
  response: { 200: ApiTokenWire },
} as const satisfies FastifySchema;
const renameSchema = {
  ...ofOneHere,
  summary: 'Rename a read-only token',
  body: RenameTokenBody,
  response: { 200: ApiTokenWire },
} as const satisfies FastifySchema;
const rotateSchema = {
  ...ofOneHere,
  summary: 'Replace a read-only token; the old one goes on for a while, and then ends',
  description:
    'The new token has the name, kind, allowlist and length of life of the old one, and the answer is the only place that ever shows it. The old one ends overlap_seconds from now, or when it would have ended if that is sooner; with 0 it is dead before the answer is sent. While it lives the two count once towards tokens.max_live, and neither can be replaced.',
  body: RotateTokenBody,
  response: { 200: RotatedTokenWire },
  receipt: true,
} as const satisfies FastifySchema;
const terminalSchema = {
  tags,
  summary: 'Attest the account to the terminal of the venue; off by default, and then 403',
  description:
    'Only for a session whose login asked for token_usage=interactive. The answer is a JWT of 300 seconds, less when the session ends sooner: typ terminal+JWT, aud dime-terminal, sub the account, signed by a key of jwks.json that signs nothing else. No endpoint accepts it.',
  response: { 200: JwtWire },
} as const satisfies FastifySchema;

export function registerTokenRoutes(server: FastifyInstance, deps: TokenRouteDeps, usage: UsageReads): void {
  const { store, manage, rotate, clock, issueTerminalToken } = deps;
  const app = server.withTypeProvider<TypeBoxTypeProvider>();
  const shown = async (token: Token): Promise<ApiTokenWire> =>
    tokenToWire(token, await usage.lastUse(refOfToken(token)));
  const lookupIdOf = (request: Parameters<typeof contextOf>[0]) => pathParam(contextOf(request).params, 'lookup_id');

  app.get(list, { schema: listSchema }, async (request) => {
    const { account } = callerOf(request).principal.credential;
    const { query } = request;
    if (query.kind === '')
      throw new ApiError('INVALID_REQUEST_PARAMETER', 'kind is empty: leave it out for every kind');
    const filter = { withInvalid: readFlag(query.with_invalid), kind: query.kind, now: clock.latest() };
    const page = await store.tokens(account, filter, readPage('tokens', query));
    const uses = await usage.lastUses(account, page.rows.map(refOfToken));
    const results = page.rows.map((token, index) => tokenToWire(token, uses[index] ?? NEVER_USED));
    return { results, next: page.next ?? null };
  });

  app.post(list, { schema: createSchema }, async (request) => {
    const { token, jwt } = await manage.create(callerOf(request), creationOf(request.body));
    return { api_token: tokenToWire(token, NEVER_USED), token: jwt };
  });

  app.delete(one, { schema: revokeSchema }, async (request, reply) => {
    const { result, receipt } = await manage.revoke(callerOf(request), lookupIdOf(request));
    reply.header(REVOCATION_HEADER, receiptToWire(receipt));
    return { lookup_id: result.lookupId };
  });

  app.put(`${one}/allowed-cidrs`, { schema: allowlistSchema }, async (request, reply) => {
    const allowlist = readAllowlist(request.body.allowed_cidrs);
    const { result, receipt } = await manage.replaceAllowlist(callerOf(request), lookupIdOf(request), allowlist);
    reply.header(REVOCATION_HEADER, receiptToWire(receipt));
    return shown(result);
  });

  app.get(extension, { schema: readSchema }, async (request) => {
    const token = await store.token(callerOf(request).principal.credential.account, lookupIdOf(request));
    if (token === undefined) throw new ApiError('NOT_FOUND', 'no such token');
    return shown(token);
  });

  app.put(extension, { schema: renameSchema }, async (request) =>
    shown(await manage.rename(callerOf(request), lookupIdOf(request), readName(request.body.name))),
  );

  app.post(`${extension}/rotate`, { schema: rotateSchema }, async (request, reply) => {
    const rotation = rotationOf(request.body);
    const { result, receipt } = await rotate(callerOf(request), lookupIdOf(request), rotation);
    reply.header(REVOCATION_HEADER, receiptToWire(receipt));
    const replaced = await shown(result.replaced);
    return { api_token: tokenToWire(result.token, NEVER_USED), token: result.jwt, replaced };
  });

  app.post('/v1/account/terminal-token', { schema: terminalSchema }, async (request) => ({
    jwt_token: issueTerminalToken(callerOf(request), contextOf(request).grant),
  }));
}

function creationOf(body: CreateTokenBody): TokenCreation {
  const type = body.token_type ?? 'readonly';
  const kind = Object.hasOwn(kindOfType, type) ? kindOfType[type] : undefined;
  if (kind === undefined) {
    throw new ApiError('INVALID_REQUEST_PARAMETER', 'token_type must be readonly, read_only, jwt or api_key');
  }
  return {
    name: body.name === undefined ? undefined : readName(body.name),
    kind,
    lifetimeSeconds: lifetimeOf(body) ?? DEFAULT_TOKEN_SECONDS,
    allowlist: readAllowlist(body.allowed_cidrs),
  };
}

function rotationOf(body: RotateTokenBody): Rotation {
  const overlapSeconds = body.overlap_seconds ?? DEFAULT_OVERLAP_SECONDS;
  if (overlapSeconds < 0 || overlapSeconds > MAX_OVERLAP_SECONDS) {
    throw new ApiError('VALIDATION_ERROR', 'overlap_seconds must be from 0 to 604800 seconds');
  }
  return { overlapSeconds, lifetimeSeconds: lifetimeOf(body) };
}

function lifetimeOf({ expiry_duration: seconds }: Pick<CreateTokenBody, 'expiry_duration'>): number | undefined {
  if (seconds === undefined || (seconds >= MIN_TOKEN_SECONDS && seconds <= MAX_TOKEN_SECONDS)) return seconds;
  throw new ApiError('VALIDATION_ERROR', 'expiry_duration must be from 60 to 31536000 seconds');
}

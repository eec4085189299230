// What the front knows about a request when a handler gets it. Handlers read route, client and grant here, never from a header or the URL.
import type { IncomingMessage } from 'node:http';
import type { Route } from '../access/route-table.ts';
import type { Caller } from '../credentials/caller.ts';
import type { IpAddress } from '../domain/allowlist.ts';
import type { CredentialRef } from '../domain/credential.ts';
import type { Grant } from '../domain/grant.ts';
import type { Principal } from '../domain/principal.ts';
import type { RequestOrigin } from '../domain/request-origin.ts';
import type { Verdict } from '../ratelimit/limiter.ts';
import type { OnBehalfOf } from '../verification/on-behalf-of.ts';

export interface RequestContext {
  readonly requestId: string;
  readonly clientIp: IpAddress | undefined;
  /** Canonical text; empty when unknown. */
  readonly clientIpText: string;
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
  readonly grant: Grant;
  readonly asker: OnBehalfOf;
  /** Set where the address is over its limit: the handler applies the limit to a caller that turns out not to be the owner. */
  readonly insists: Verdict | undefined;
  /** Set once a signature, and no bearer, has proven a credential. */
  proven: CredentialRef | undefined;
}

// Kept on the request: V8 holds the entries of a WeakMap until it collects old objects.
const attached = Symbol('context');

interface WithContext {
  [attached]?: RequestContext;
}

export const attachContext = (request: IncomingMessage & WithContext, context: RequestContext): void => {
  request[attached] = context;
};

/** Throws when the request did not come through the front: such a request must never be served. */
export function contextOf(request: { readonly raw: IncomingMessage & WithContext }): RequestContext {
  const context = request.raw[attached];
  if (context === undefined) throw new Error('a request reached a handler without passing the front');
  return context;
}

/** The request as use cases name it that verify a signature. */
export const originOf = (context: RequestContext): RequestOrigin => ({
  requestId: context.requestId,
  clientIpText: context.clientIpText,
  proved: (credential) => {
    context.proven = credential;
  },
});

/** The authenticated caller of a private route. */
export function callerOf(request: { readonly raw: IncomingMessage }): Caller {
  const context = contextOf(request);
  return {
    principal: principalOf(context),
    clientIp: context.clientIp,
    clientIpText: context.clientIpText,
    requestId: context.requestId,
    asker: context.asker,
    refusal: () => context.grant.refusal(),
  };
}

function principalOf(context: RequestContext): Principal {
  const { principal } = context.grant;
  if (principal === undefined) throw new Error(`the route ${context.route.name} has no principal`);
  return principal;
}

// The checks of an order request, in order: every order is signed by a key that this session may trade with, is fresh, and was not
// forwarded before. Works on the exact bytes that are forwarded; what a venue could read otherwise is refused. The other files:
// body.ts takes the orders out of the body, read.ts reads one and compares a modified order's id with the path (readId), signers.ts
// finds who signed, marks.ts remembers what was forwarded, refusals.ts has the words.
import type { OrderSigners, SignedFor } from '../access/signer.ts';
import type { IpAddress } from '../domain/allowlist.ts';
import type { CredentialRef } from '../domain/credential.ts';
import type { DenyReason } from '../domain/decision.ts';
import type { Felt } from '../domain/felt.ts';
import type { Principal } from '../domain/principal.ts';
import type { SignedBy } from '../domain/signed-by.ts';
import { type Clock, millisOf } from '../domain/time.ts';
import { ApiError } from '../errors.ts';
import type { SignedOrder } from '../starknet/order.ts';
import { isPossibleSignature } from '../starknet/signature.ts';
import type { Store } from '../store/store.ts';
import type { OnBehalfOf } from '../verification/on-behalf-of.ts';
import type { Verifier } from '../verification/verifier.ts';
import { type Listed, readOrders } from './body.ts';
import type { OrderMark, OrderMarks } from './marks.ts';
import {
  alreadySent,
  fromFuture,
  notOwnAccount,
  notSigned,
  type Place,
  type Repeats,
  refusal,
  signerRefused,
  tooOld,
  twiceInList,
} from './refusals.ts';
import type { OrderRoute } from './route.ts';
import { createFindSigners, type SigningSubkey } from './signers.ts';

export interface OrderRequest {
  readonly route: OrderRoute;
  /** Canonical path and query. */
  readonly target: string;
  readonly rawHeaders: readonly string[];
  readonly principal: Principal | undefined;
  /** Undefined when it is unknown. */
  readonly clientIp: IpAddress | undefined;
  readonly body: Buffer | undefined;
  readonly asker: OnBehalfOf;
  /** The request's number. */
  readonly number: number;
}

export interface CheckedOrders {
  /** Of each order, in their order. */
  readonly signed: readonly SignedBy[];
  /**
   * The last check: call it synchronously, just before the head is written. Marks the orders as forwarded, or refuses and marks nothing:
   * INVALID_ORDER_SIGNATURE for an order that is too old by now, ORDER_ALREADY_SENT for one that was forwarded meanwhile,
   * SERVICE_UNAVAILABLE when there is no room for marks, IP_NOT_ALLOWED for a subkey that may no longer be used from there, `view_stale`
   * when the subkey changed.
   */
  leave(): DenyReason | ApiError | undefined;
}

/**
 * Rejects with BINDING_ERROR or INVALID_REQUEST_PARAMETER for a request that is not orders in one reading, INVALID_ORDER_SIGNATURE,
 * ORDER_ALREADY_SENT, ISOLATED_MARKET_ACCOUNT_MISMATCH, IP_NOT_ALLOWED (by the list of the subkey that signed), SERVICE_UNAVAILABLE, or
 * the error of the store.
 */
export type OrderCheck = (request: OrderRequest) => Promise<CheckedOrders>;

export interface OrderCheckDeps {
  readonly verifier: Pick<Verifier, 'askAll'>;
  readonly store: Pick<Store, 'subkey'>;
  readonly signers: OrderSigners;
  readonly clock: Clock;
  readonly settings: {
    readonly maxAgeSeconds: number;
    readonly futureToleranceSeconds: number;
    /** Setting orders.repeats. */
    readonly repeats: Repeats;
  };
  /** The id of a request by its number, or by the last 32 bits of it. */
  readonly requestIdOf: (number: number) => string;
  readonly marks: OrderMarks;
}

interface Marked extends Listed {
  /** An order with an equal mark is a repeat. */
  readonly mark: OrderMark;
  /** Set for an order with a client_id: the mark of the signed part alone, so that the same order without a client_id is a repeat. */
  readonly alike: OrderMark | undefined;
}

interface SubkeyAt {
  readonly subkey: SigningSubkey;
  /** Of the first order that it signed. */
  readonly place: Place;
}

export function createOrderCheck(deps: OrderCheckDeps): OrderCheck {
  const { clock, settings, marks } = deps;
  const findSigners = createFindSigners(deps);
  const maxAgeMs = settings.maxAgeSeconds * 1000;
  const endsAt = (order: SignedOrder): number => order.timestamp + maxAgeMs;
  const now = (): number => millisOf(clock.now());
  const latest = (): number => millisOf(clock.latest());

  return async function check({ route, target, rawHeaders, principal, clientIp, body, asker, number }) {
    if (principal === undefined) throw refusal('the session is unknown');
    // Some venues let the query override members of the body.
    if (target.includes('?'))
      throw new ApiError('INVALID_REQUEST_PARAMETER', 'this path takes no query', { reason: 'order_refused' });
    // Cheap checks first: no signature is verified for an order that they refuse.
    const listed = readOrders(rawHeaders, body, route, settings.repeats).map((one): Marked => {
      const { order, place } = one;
      requireOwnAccount(order, principal, place);
      requireFresh(order, place);
      if (!isPossibleSignature(order.signature)) throw notSigned(place);
      return { ...one, ...marksOf(one, principal.credential) };
    });
    requireNew(listed);

    const signers = await findSigners(
      listed.map(({ order }) => order),
      principal,
      asker,
    );
    /** By public key. */
    const subkeys = new Map<Felt, SubkeyAt>();
    const signed = listed.map(({ place }, i): SignedBy => {
      const signer = signers[i];
      if (signer === undefined) throw notSigned(place);
      const { publicKey, subkey, hash } = signer;
      if (subkey !== undefined && !subkeys.has(publicKey)) subkeys.set(publicKey, { subkey, place });
      return { credential: subkey ?? principal.credential, publicKey, hash };
    });
    const request = { kid: principal.kid, clientIp };
    for (const signer of subkeys.values()) {
      const refused = await deps.signers.refusal(signer.subkey, request);
      if (refused !== undefined) throw signerRefused(refused, signer.place);
    }
    return { signed, leave: () => leave(listed, [...subkeys.values()], request, number) };
  };

  function leave(
    checked: readonly Pick<Marked, 'mark' | 'alike' | 'place'>[],
    signers: readonly SubkeyAt[],
    request: SignedFor,
    number: number,
  ): DenyReason | ApiError | undefined {
    for (const signer of signers) {
      const refused = deps.signers.refusal(signer.subkey, request);
      if (refused instanceof Promise) {
        // The view no longer knows the subkey, so it changed since the check: there is no time left to read it.
        refused.catch(() => undefined);
        return 'view_stale';
      }
      if (refused !== undefined) return signerRefused(refused, signer.place);
    }
    const [at, last] = [now(), latest()];
    for (const { mark, place } of checked) {
      if (mark.endsAt < last) return tooOld(place, mark.endsAt - maxAgeMs);
      const refused = repeatOf(mark, place);
      if (refused !== undefined) return refused;
    }
    const room = marks.add(
      checked.flatMap(({ mark, alike }) => (alike === undefined || marks.firstSent(alike) ? [mark] : [mark, alike])),
      at,
      number,
    );
    return room
      ? undefined
      : new ApiError('SERVICE_UNAVAILABLE', 'too many orders are remembered; try again later', {
          headers: { 'Retry-After': '1' },
        });
  }

  function requireFresh(order: SignedOrder, place: Place): void {
    if (endsAt(order) < latest()) throw tooOld(place, order.timestamp);
    if (order.timestamp > now() + settings.futureToleranceSeconds * 1000) {
      throw fromFuture(place, order.timestamp);
    }
  }

  function requireNew(listed: readonly Marked[]): void {
    const seen = new Map<string, Place>();
    for (const { mark, alike, place } of listed) {
      const refused = repeatOf(mark, place);
      if (refused !== undefined) throw refused;
      const digest = mark.digest.join();
      const first = seen.get(digest);
      if (first !== undefined) throw twiceInList(first, settings.repeats, place);
      seen.set(digest, place);
      if (alike !== undefined && !seen.has(alike.digest.join())) seen.set(alike.digest.join(), place);
    }
  }

  function repeatOf(mark: OrderMark, place: Place): ApiError | undefined {
    const first = marks.firstSent(mark);
    if (first === undefined) return undefined;
    return alreadySent({ at: first.at, requestId: deps.requestIdOf(first.request) }, settings.repeats, place);
  }

  function marksOf({ order, clientId }: Listed, credential: CredentialRef): Pick<Marked, 'mark' | 'alike'> {
    const signed = signedPartOf(order);
    const alike = marks.of(credential, signed, endsAt(order));
    if (clientId === undefined) return { mark: alike, alike: undefined };
    return { mark: marks.of(credential, `${signed} ${clientId}`, endsAt(order)), alike };
  }
}

// Nothing else proves that the session may trade for that account.
function requireOwnAccount(order: SignedOrder, principal: Principal, place: Place): void {
  if (order.onBehalfOf !== undefined && !principal.isolated) throw notOwnAccount(place);
}

/** Every signed member but the account. */
const signedPartOf = ({ timestamp, market, side, orderType, size, price, id }: SignedOrder): string =>
  [timestamp, market, side, orderType, size, price, id ?? 'new'].join();

// Whether every order in a request is signed by a key that this session may trade with (DESIGN 4.6), is fresh, and was not forwarded
// before. Sees the exact bytes that are forwarded, and must refuse whatever a venue could read otherwise than it did.
import type { StarkProof } from '../credentials/stark-proof.ts';
import type { AccountId, CredentialRef } from '../domain/credential.ts';
import type { DenyReason } from '../domain/decision.ts';
import { type Felt, parseFelt } from '../domain/felt.ts';
import type { Principal } from '../domain/principal.ts';
import { type JsonValue, parseStrictJson, StrictJsonError } from '../domain/strict-json.ts';
import { type Clock, millisOf } from '../domain/time.ts';
import { ApiError } from '../errors.ts';
import type { MessageHasher } from '../starknet/message.ts';
import { OrderError, orderHash, readOrder, type SignedOrder } from '../starknet/order.ts';
import type { Pedersen } from '../starknet/pedersen.ts';
import type { Store } from '../store/store.ts';
import { alias } from './headers.ts';
import { createOrderMarks, type OrderMark, type OrderMarksOptions } from './order-marks.ts';

/** What the route says about the orders in its body. */
export interface OrderRoute {
  /** A list of orders instead of one. */
  readonly batch: boolean;
  /** The canonical id in the path, where the request changes an order. */
  readonly id: string | undefined;
}

export interface OrderRequest {
  readonly route: OrderRoute;
  /** Canonical path and query. */
  readonly target: string;
  readonly rawHeaders: readonly string[];
  readonly principal: Principal | undefined;
  readonly body: Buffer | undefined;
}

export interface CheckedOrders {
  /**
   * The last check, called synchronously as the head is about to be written: marks the orders as forwarded. A refusal marks nothing:
   * INVALID_ORDER_SIGNATURE for an order that is too old by now or was forwarded meanwhile, SERVICE_UNAVAILABLE when there is no
   * room for marks, `view_stale` when something changed about the subkey that signed.
   */
  leave(): DenyReason | ApiError | undefined;
}

/** Rejects with INVALID_ORDER_SIGNATURE or ISOLATED_MARKET_ACCOUNT_MISMATCH, or with what the store threw. */
export type OrderCheck = (request: OrderRequest) => Promise<CheckedOrders>;

export interface OrderCheckDeps {
  readonly curve: Pedersen;
  readonly hasher: Pick<MessageHasher, 'messageHash'>;
  readonly stark: Pick<StarkProof, 'verify' | 'candidates'>;
  readonly store: Pick<Store, 'account' | 'subkey'>;
  /**
   * Whether the credential is active and not expired, as the view has it. A plain boolean when the view knows, in the same turn; a
   * promise when it must read, which is then a fresh fact.
   */
  readonly isAlive: (credential: CredentialRef, kid: string) => boolean | Promise<boolean>;
  readonly clock: Clock;
  readonly settings: {
    readonly maxAgeSeconds: number;
    readonly futureToleranceSeconds: number;
  };
  readonly marks?: OrderMarksOptions;
}

const MAX_BATCH = 50;
// The built-in rate limit lets an account forward 86,250 single orders in the default 5 minutes.
const MARKS: OrderMarksOptions = { maxMarks: 1_000_000, maxPerAccount: 100_000 };

/** One order of the request, with the words that name it in a refusal. */
interface Listed {
  readonly order: SignedOrder;
  readonly place: Place;
}
type Place = number | undefined;

interface Key {
  readonly publicKey: Felt;
  /** The subkey behind it when it is not the session's own credential, whose state the grant watches. */
  readonly subkey: CredentialRef | undefined;
}

export function createOrderCheck(deps: OrderCheckDeps): OrderCheck {
  const { clock, settings } = deps;
  const marks = createOrderMarks(deps.marks ?? MARKS);
  const maxAgeMs = settings.maxAgeSeconds * 1000;
  const endsAt = (order: SignedOrder): number => order.timestamp + maxAgeMs;
  const now = (): number => millisOf(clock.now());

  return async function check({ route, target, rawHeaders, principal, body }) {
    if (principal === undefined) throw refusal('the session is unknown');
    // A venue may let a query override members of the body.
    if (target.includes('?')) throw refusal('this path takes no query');
    requirePlainJson(rawHeaders);
    const listed = readOrders(readBody(body), route);
    // Everything that costs nothing comes before the first signature.
    for (const { order, place } of listed) {
      requireOwnAccount(order, principal, place);
      requireFresh(order, place);
    }
    const { account } = principal.credential;
    const markOf = ({ order }: Listed): OrderMark => ({
      account,
      hash: orderHash(deps.curve, deps.hasher, account, order),
      endsAt: endsAt(order),
    });

    const checked: { readonly mark: OrderMark; readonly place: Place }[] = [];
    const signers = new Map<Felt, CredentialRef>();
    const hashes = new Set<bigint>();
    let keys = await ownKeys(principal);
    for (const item of listed) {
      const mark = markOf(item);
      if (hashes.has(mark.hash) || marks.has(mark)) throw repeated(item.place);
      hashes.add(mark.hash);
      const signer = await signerOf(mark.hash, item.order, keys, principal);
      if (signer === undefined)
        throw refusal('the signature is not by a key that this session may trade with', item.place);
      if (signer.subkey !== undefined) signers.set(signer.publicKey, signer.subkey);
      // The orders of a batch usually have one signer: it is tried first from here on.
      keys = [signer, ...keys.filter((key) => key !== signer)];
      checked.push({ mark, place: item.place });
    }
    return { leave: () => leave(checked, [...signers.values()], principal) };
  };

  function leave(
    checked: readonly { readonly mark: OrderMark; readonly place: Place }[],
    signers: readonly CredentialRef[],
    principal: Principal,
  ): DenyReason | ApiError | undefined {
    for (const signer of signers) {
      const alive = deps.isAlive(signer, principal.kid);
      if (alive instanceof Promise) {
        // Forgotten by the view since it was verified: something changed, and there is no time left to find out what.
        alive.catch(() => undefined);
        return 'view_stale';
      }
      if (!alive) return refusal('the subkey that signed is no longer active');
    }
    const at = now();
    for (const { mark, place } of checked) {
      if (mark.endsAt < at) return tooOld(place);
      if (marks.has(mark)) return repeated(place);
    }
    const room = marks.add(
      checked.map(({ mark }) => mark),
      at,
    );
    return room
      ? undefined
      : new ApiError('SERVICE_UNAVAILABLE', 'too many orders are remembered; try again later', {
          headers: { 'Retry-After': '1' },
        });
  }

  function requireFresh(order: SignedOrder, place: Place): void {
    const at = now();
    if (endsAt(order) < at) throw tooOld(place);
    if (order.timestamp > at + settings.futureToleranceSeconds * 1000) {
      throw refusal('signature_timestamp is in the future', place);
    }
  }

  /** The first key that verifies, else a subkey of the account found by the signature itself, where the session may use any. */
  async function signerOf(
    hash: bigint,
    { signature }: SignedOrder,
    keys: readonly Key[],
    principal: Principal,
  ): Promise<Key | undefined> {
    for (const key of keys) {
      if (await deps.stark.verify(hash, signature, key.publicKey)) return key;
    }
    const { account, kind } = principal.credential;
    if (kind !== 'main' && kind !== 'evm') return undefined;
    for (const publicKey of await deps.stark.candidates(hash, signature)) {
      const subkey = await activeSubkey(account, publicKey, principal.kid);
      if (subkey !== undefined && (await deps.stark.verify(hash, signature, publicKey))) return { publicKey, subkey };
    }
    return undefined;
  }

  async function ownKeys({ credential, label }: Principal): Promise<readonly Key[]> {
    const publicKey = credential.kind === 'subkey' ? parseFelt(label) : await mainKey(credential);
    return publicKey === undefined ? [] : [{ publicKey, subkey: undefined }];
  }

  /** A wallet's own key signs no orders (WIRE C-26). */
  async function mainKey({ account, kind }: CredentialRef): Promise<Felt | undefined> {
    const signer = kind === 'main' ? (await deps.store.account(account))?.signer : undefined;
    return signer?.type === 'starknet' ? signer.publicKey : undefined;
  }

  async function activeSubkey(account: AccountId, publicKey: Felt, kid: string): Promise<CredentialRef | undefined> {
    const found = await deps.store.subkey(account, publicKey);
    if (found === undefined || found.state !== 'active') return undefined;
    const credential: CredentialRef = { account, kind: 'subkey', id: found.id.toString() };
    return (await deps.isAlive(credential, kid)) ? credential : undefined;
  }
}

// DECISIONS "isolated flag": nothing else proves that the session may trade for that account.
function requireOwnAccount(order: SignedOrder, principal: Principal, place: Place): void {
  if (order.onBehalfOf === undefined || principal.isolated) return;
  throw new ApiError(
    'ISOLATED_MARKET_ACCOUNT_MISMATCH',
    `${placed('on_behalf_of_account needs a session with isolated-market authorisation', place)}`,
    dataOf(place),
  );
}

const jsonInUtf8 = /^application\/json(?:[ \t]*;[ \t]*charset[ \t]*=[ \t]*"?utf-8"?)?$/;

// Read by their loosest names, as headers.ts does: a venue that takes `Content_Encoding` for the header would unpack the body.
function requirePlainJson(rawHeaders: readonly string[]): void {
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const [name, value] = [alias(rawHeaders[i] ?? ''), (rawHeaders[i + 1] ?? '').trim().toLowerCase()];
    if (name === 'content-encoding' && value !== 'identity') throw refusal('the body must not be encoded');
    // Another charset, or another form than JSON, makes other members of the same bytes.
    if (name === 'content-type' && !jsonInUtf8.test(value)) {
      throw refusal('the content type must be application/json in UTF-8');
    }
  }
}

function readBody(body: Buffer | undefined): JsonValue {
  if (body === undefined) throw refusal('the request has no body');
  try {
    return parseStrictJson(body);
  } catch (error) {
    if (error instanceof StrictJsonError) throw refusal(`the body cannot be read in one way only: ${error.message}`);
    throw error;
  }
}

function readOrders(value: JsonValue, route: OrderRoute): readonly Listed[] {
  if (!route.batch) return [listedOrder(value, route, undefined)];
  const items = typeof value === 'object' && value?.kind === 'array' ? value.items : [];
  if (items.length < 1 || items.length > MAX_BATCH) {
    throw refusal(`the body must be a list of 1 to ${MAX_BATCH} orders`);
  }
  return items.map((item, index) => listedOrder(item, route, index));
}

function listedOrder(value: JsonValue, { id }: OrderRoute, place: Place): Listed {
  try {
    return { order: readOrder(value, id), place };
  } catch (error) {
    if (error instanceof OrderError) throw refusal(error.message, place);
    throw error;
  }
}

const placed = (message: string, place: Place): string =>
  place === undefined ? message : `order ${place} of the list: ${message}`;

const dataOf = (place: Place) => (place === undefined ? {} : { data: { index: place } });

const refusal = (message: string, place?: Place): ApiError =>
  new ApiError('INVALID_ORDER_SIGNATURE', placed(message, place), dataOf(place));

const repeated = (place: Place): ApiError =>
  refusal('this order was forwarded before; sign it again with another signature_timestamp', place);

const tooOld = (place: Place): ApiError => refusal('signature_timestamp is too old; sign again', place);

// Subkeys of the account. A private key is made here, is returned once, and reaches no server.
import { parseFelt } from '../domain/felt.ts';
import { scurePedersen } from '../starknet/scure-pedersen.ts';
import type { Auth } from './auth.ts';
import type { Core, InnerRequest } from './call.ts';
import type { Deadline } from './deadline.ts';
import { Aborted, NoAnswer } from './errors.ts';
import { HandOffDamaged, handOffLink, openedKey, readHandOff, sealedKey } from './hand-off.ts';
import { type CallOptions, type List, type ListOptions, listOf } from './list.ts';
import { originOf } from './outgoing.ts';
import { randomPrivateKey } from './private-key.ts';
import { type Changed, changed } from './receipt.ts';
import { segment } from './segment.ts';
import type { Subkey } from './shapes.ts';
import { activationProof } from './sign-in.ts';
import { createStarkKey } from './stark-key.ts';

export interface NewSubkey {
  readonly name: string;
  /** Addresses and ranges; left out or empty: anywhere. */
  readonly allowed_cidrs?: readonly string[];
  /** Seconds until it ends; left out or 0: never. */
  readonly expires_in?: number;
}

/** Who consents to a new subkey: the main key or the wallet, where the client itself is neither. One signature. */
export interface OwnerOptions extends CallOptions {
  readonly owner?: Auth;
}

export interface CreatedSubkey {
  readonly subkey: Subkey;
  /** A secret, `0x` and 64 digits: nobody can show it again. */
  readonly private_key: string;
}

export interface NewHandOff extends NewSubkey {
  /** The address that people open in a browser, to which the page of the link belongs. */
  readonly console_url: string;
  /** Seconds in which it can be taken, from 30; default 120. */
  readonly pending_expires_in?: number;
}

export interface OfferedSubkey {
  readonly subkey: Subkey;
  /** A secret: whoever opens it first has the key. To be shown as a code, and good once. */
  readonly link: string;
}

export interface TakenSubkey {
  readonly account: string;
  readonly public_key: string;
  /** A secret, `0x` and 64 digits. */
  readonly private_key: string;
}

const LIST = '/v1/account/keys/subkeys';
const REGISTER = '/countersign/v1/subkeys';
const one = (publicKey: string): string => `${LIST}/${segment(publicKey)}`;

const isThis =
  (publicKey: string) =>
  (body: unknown): boolean =>
    typeof body === 'object' &&
    body !== null &&
    'public_key' in body &&
    typeof body.public_key === 'string' &&
    parseFelt(body.public_key) === parseFelt(publicKey);

/** Whether it is what a create has made: it lives, and was not there before. `since`: of MaybeMade. */
export const isMadeSince = ({ state, created_at }: Subkey, since: bigint): boolean =>
  (state === 'active' || state === 'pending') && created_at >= since;

/** Every method rejects as Call does. */
export function createSubkeys(core: Core) {
  const { server } = core;

  async function get(publicKey: string, options: CallOptions = {}): Promise<Subkey> {
    return read(publicKey, options);
  }

  async function read(publicKey: string, options: Pick<InnerRequest, keyof CallOptions | 'deadline'>): Promise<Subkey> {
    return (await core.call<Subkey>({ ...options, method: 'GET', path: one(publicKey) })).body;
  }

  /** By the owner's signature of this moment, and the client's own session. A lost answer is looked for: the public key names it. */
  async function register(
    subkey: NewSubkey & { readonly public_key: string } & Readonly<Record<string, unknown>>,
    owner: Auth | undefined,
    deadline: Deadline,
  ): Promise<Changed<Subkey>> {
    const { name, public_key } = subkey;
    if (owner?.consentTo === undefined) {
      throw new TypeError('a subkey is registered by the main key or the wallet: give it as owner');
    }
    const makes = { kind: 'subkey', name, publicKey: public_key };
    try {
      return await server.signedAt(async () => {
        const signing = async () => owner.consentTo?.(public_key, server, deadline.signal);
        const body = { ...subkey, ...(await deadline.race(signing, owner.attended)) };
        const isMade = isThis(public_key);
        return changed(await core.call<Subkey>({ method: 'POST', path: REGISTER, body, makes, isMade, deadline }));
      }, deadline);
    } catch (error) {
      if (!(error instanceof NoAnswer) || error.maybeMade === undefined) throw error;
      const { phase, maybeMade } = error;
      const made = await read(public_key, { deadline }).catch(() => undefined);
      if (made === undefined || !isThis(public_key)(made) || !isMadeSince(made, maybeMade.since))
        throw deadline.ended() === 'aborted' ? new Aborted(phase, maybeMade) : error;
      return { value: made, receipt: undefined };
    }
  }

  return {
    /** `ended`: revoked and expired ones too. */
    list({ ended, ...options }: ListOptions & { readonly ended?: boolean } = {}): List<Subkey> {
      return listOf<Subkey>(core, LIST, { with_revoked: ended === true ? true : undefined }, options);
    },

    get,

    /**
     * Makes the key and registers it. Where it cannot be told whether it was made, `maybeMade.publicKey` of the error names it, and its
     * private key is gone: whoever must keep it makes it with randomPrivateKey, and uses `register`.
     */
    create: (
      subkey: NewSubkey,
      { owner = core.auth, ...options }: OwnerOptions = {},
    ): Promise<Changed<CreatedSubkey>> =>
      core.within(options, async (deadline) => {
        const private_key = randomPrivateKey();
        const public_key = createStarkKey(private_key).publicKey;
        const { value, receipt } = await register({ ...subkey, public_key }, owner, deadline);
        return { value: { subkey: value, private_key }, receipt };
      }),

    /** A key that was made elsewhere, by its public half. */
    register: (
      subkey: NewSubkey & { readonly public_key: string },
      { owner = core.auth, ...options }: OwnerOptions = {},
    ): Promise<Changed<Subkey>> => core.within(options, (deadline) => register({ ...subkey }, owner, deadline)),

    /** Makes a key for another device, which takes it by the link. This side forgets it. */
    handOff: (
      { console_url, pending_expires_in = 120, ...subkey }: NewHandOff,
      { owner = core.auth, ...options }: OwnerOptions = {},
    ): Promise<Changed<OfferedSubkey>> =>
      core.within(options, async (deadline) => {
        const consoleUrl = originOf(console_url, 'console_url');
        const account = parseFelt(await core.account(deadline));
        if (account === undefined) throw new TypeError('the account is no felt');
        const [privateKey, ephemeralKey] = [randomPrivateKey(), randomPrivateKey()];
        const { publicKey } = createStarkKey(privateKey);
        const handOff = { account, publicKey, ephemeralKey };
        const { value, receipt } = await register(
          {
            ...subkey,
            public_key: publicKey,
            state: 'pending',
            encrypted_key: await sealedKey(handOff, privateKey),
            eph_public_key: createStarkKey(ephemeralKey).publicKey,
            pending_expires_in,
          },
          owner,
          deadline,
        );
        return { value: { subkey: value, link: handOffLink(handOff, consoleUrl) }, receipt };
      }),

    /**
     * Takes the key of a link, once; it needs no sign-in. Rejects with HandOffDamaged before anything is sent when the code is damaged.
     * CountersignError SUBKEY_ALREADY_ACTIVATED: it was used; NOT_FOUND or SUBKEY_NOT_ACTIVATABLE: it ran out, or was ended;
     * INVALID_TIMESTAMP: the clocks are apart. After NoAnswer or Aborted that is not `unsent` the key is lost: the owner makes a new one.
     */
    takeHandOff: (
      link: string,
      { name, ...options }: CallOptions & { readonly name?: string } = {},
    ): Promise<TakenSubkey> =>
      core.within(options, async (deadline) => {
        const handOff = readHandOff(link);
        const { account, publicKey, ephemeralKey } = handOff;
        const ephemeral = createStarkKey(ephemeralKey);
        const path = `${LIST}/activate`;
        const { body } = await server.signedAt((nowMs) => {
          const proof = activationProof(scurePedersen, ephemeral, account, publicKey, Math.floor(nowMs / 1000));
          const activation = name === undefined ? proof : { ...proof, name };
          return server.call<{ encrypted_key?: unknown } | null | undefined>({
            method: 'POST',
            path,
            body: activation,
            deadline,
          });
        }, deadline);
        const sealed = body?.encrypted_key;
        if (typeof sealed !== 'string') throw new HandOffDamaged('length');
        return { account, public_key: publicKey, private_key: await openedKey(handOff, sealed) };
      }),

    async rename(publicKey: string, name: string, options: CallOptions = {}): Promise<Changed<Subkey>> {
      return changed(await core.call<Subkey>({ ...options, method: 'PUT', path: one(publicKey), body: { name } }));
    },

    /** From where it works. A list that the old one does not cover needs the main key; empty is anywhere. */
    async restrict(
      publicKey: string,
      allowedCidrs: readonly string[],
      options: CallOptions = {},
    ): Promise<Changed<Subkey>> {
      const path = `${one(publicKey)}/allowed-cidrs`;
      const body = { allowed_cidrs: allowedCidrs };
      return changed(await core.call<Subkey>({ ...options, method: 'PUT', path, body }));
    },

    /** Ends it, for good, with every session that was made with it. Repeating it is no error. */
    async revoke(publicKey: string, options: CallOptions = {}): Promise<Changed<{ readonly public_key: string }>> {
      return changed(await core.call<{ public_key: string }>({ ...options, method: 'DELETE', path: one(publicKey) }));
    },
  };
}

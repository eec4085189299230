// Makes the key that a form asks for: once, however often the button is pressed, and also where its answer gets lost.
import { useEffect, useRef, useState } from 'react';
import { Aborted, isCode } from '../../../src/client/errors.ts';
import { randomPrivateKey } from '../../../src/client/private-key.ts';
import type { ApiToken, Subkey } from '../../../src/client/shapes.ts';
import { createStarkKey } from '../../../src/client/stark-key.ts';
import { useWrite, type Write } from '../../app/connection/connection.tsx';
import type { Owner, OwnerStep } from '../../app/owner/owner.tsx';
import { keysChanged } from '../../app/queries/query-client.ts';
import { createSecret, type Secret, secretsOfAnswer } from '../../app/secret.ts';
import { useSignedIn } from '../../app/session/session.tsx';
import type { AskedKey, Place } from './draft.ts';
import { deletedOrGone, findSubkey, findToken, type Looking, registeredOnce } from './make-key.ts';

export type Made =
  | { readonly is: 'token'; readonly token: ApiToken; readonly secret: Secret }
  /** It exists, and nobody has its text. */
  | { readonly is: 'lost token'; readonly token: ApiToken }
  | { readonly is: 'subkey'; readonly subkey: Subkey; readonly secret: Secret }
  | { readonly is: 'registered'; readonly subkey: Subkey }
  | { readonly is: 'offered'; readonly subkey: Subkey; readonly link: Secret; readonly seconds: number };

/** Seconds that a code for a phone can be taken. */
const CODE_SECONDS = 120;

export interface Making {
  readonly write: Write;
  readonly step: OwnerStep | undefined;
  /** Before anything was sent: at the wallet, above all. */
  readonly canCancel: boolean;
  cancel(): void;
  token(asked: AskedKey): Promise<Made | undefined>;
  subkey(asked: AskedKey, place: Place, consoleUrl: string): Promise<Made | undefined>;
}

/** Gives undefined where nothing was made: `write` says why. */
export function useMaking(owner: Owner): Making {
  const { client } = useSignedIn();
  const write = useWrite('make');
  const [step, setStep] = useState<OwnerStep>();
  const stop = useRef<AbortController>(undefined);
  /** A private key that was sent for, and may be registered: the next try takes the same. */
  const own = useRef<{ readonly secret: Secret; readonly publicKey: string }>(undefined);
  useEffect(
    () => () => {
      stop.current?.abort();
      own.current?.secret.wipe();
      own.current = undefined;
    },
    [],
  );

  async function run(
    work: (signal: AbortSignal, onStep: (step: OwnerStep) => void) => Promise<Made>,
    find: (looking: Looking) => Promise<Made | undefined>,
  ): Promise<Made | undefined> {
    // A second press before the first is drawn as busy: what would stop the first stays what Cancel presses.
    if (stop.current !== undefined) return undefined;
    const stopping = new AbortController();
    stop.current = stopping;
    const { signal } = stopping;
    setStep(undefined);
    const written = await write.run(() => work(signal, setStep), {
      find: (lost) => find({ lost, signal }),
      signal,
    });
    stop.current = undefined;
    setStep(undefined);
    if (!written.ok) {
      const { error } = written;
      if (error instanceof Aborted && error.phase === 'unsent') write.reset();
      return undefined;
    }
    if (written.value?.is !== 'lost token') await keysChanged().catch(() => undefined);
    return written.value;
  }

  const limits = ({ name, seconds, addresses }: AskedKey) => ({
    name,
    allowed_cidrs: addresses,
    ...(seconds === 0 ? {} : { expires_in: seconds }),
  });

  const token = ({ name, seconds, addresses }: AskedKey) =>
    run(
      async (signal, onStep) => {
        const secretOf = secretsOfAnswer();
        const { value } = await owner.act(
          (by) => by.client.tokens.create({ name, expiry_duration: seconds, allowed_cidrs: addresses }, { signal }),
          { onStep, signal },
        );
        return { is: 'token', token: value.api_token, secret: secretOf(value.token) };
      },
      async (looking) => {
        const found = await findToken(client, looking);
        return found === undefined ? undefined : { is: 'lost token', token: found };
      },
    );

  const register = (asked: AskedKey, publicKey: string, signal: AbortSignal, onStep: (step: OwnerStep) => void) =>
    owner.act(
      async ({ auth }) => {
        const subkey = { ...limits(asked), public_key: publicKey };
        return (await client.subkeys.register(subkey, { owner: auth, signal })).value;
      },
      { onStep, signal },
    );

  async function here(asked: AskedKey): Promise<Made | undefined> {
    const mine = own.current?.secret.wiped === false ? own.current : newKey();
    own.current = mine;
    const { secret, publicKey } = mine;
    const done = (subkey: Subkey): Made => {
      own.current = undefined;
      return { is: 'subkey', subkey, secret };
    };
    return run(
      async (signal, onStep) => {
        try {
          return done(await registeredOnce(client, publicKey, () => register(asked, publicKey, signal, onStep)));
        } catch (error) {
          // It cannot be registered any more: the next try takes another.
          if (isCode(error, 'INVALID_SUBKEY') || isCode(error, 'NOT_UNIQUE')) own.current = undefined;
          throw error;
        }
      },
      async (looking) => {
        const found = await findSubkey(client, publicKey, looking);
        return found === undefined ? undefined : done(found);
      },
    );
  }

  const elsewhere = (asked: AskedKey) =>
    run(
      async (signal, onStep) => ({
        is: 'registered',
        subkey: await register(asked, asked.publicKey, signal, onStep),
      }),
      async (looking) => {
        const found = await findSubkey(client, asked.publicKey, looking);
        return found === undefined ? undefined : { is: 'registered', subkey: found };
      },
    );

  const phone = (asked: AskedKey, consoleUrl: string) =>
    run(
      async (signal, onStep) => {
        const secretOf = secretsOfAnswer();
        const offer = { ...limits(asked), console_url: consoleUrl, pending_expires_in: CODE_SECONDS };
        const { value } = await owner.act(({ auth }) => client.subkeys.handOff(offer, { owner: auth, signal }), {
          onStep,
          signal,
        });
        return { is: 'offered', subkey: value.subkey, link: secretOf(value.link), seconds: CODE_SECONDS };
      },
      // Its code is gone with the answer, so nobody can take it.
      async (looking) => {
        const { publicKey } = looking.lost.maybeMade ?? {};
        if (publicKey !== undefined && (await findSubkey(client, publicKey, looking)) !== undefined)
          await deletedOrGone(client, publicKey);
        return undefined;
      },
    );

  return {
    write,
    step,
    canCancel: write.state.is === 'busy' && step !== 'sending',
    cancel: () => stop.current?.abort(),
    token,
    subkey: (asked, place, consoleUrl) => {
      if (place === 'elsewhere') return elsewhere(asked);
      return place === 'phone' ? phone(asked, consoleUrl) : here(asked);
    },
  };
}

function newKey(): { readonly secret: Secret; readonly publicKey: string } {
  const secret = createSecret(randomPrivateKey());
  return { secret, publicKey: createStarkKey(secret.read()).publicKey };
}

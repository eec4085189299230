// A signed-in device with its client. The client stays while the device behind it is replaced, so that what was under way goes on.
import type { Auth } from '../../../src/client/auth.ts';
import { type Client, createClient } from '../../../src/client/create-client.ts';
import { device as deviceAuth } from '../../../src/client/device-auth.ts';
import { Aborted, isCode } from '../../../src/client/errors.ts';
import type { DeviceRecord } from './device-record.ts';
import type { Presence } from './presence.ts';
import { turns } from './turns.ts';

export interface Seat {
  readonly client: Client;
  device(): DeviceRecord;
  replace(next: DeviceRecord): void;
  /** Nothing is signed any more, whoever still holds the client. */
  leave(): void;
  /** Asks for a session when the last one has run out. */
  keepInUse(): void;
}

export interface SeatDeps {
  readonly presence: Presence;
  /** A session began. */
  readonly onUsed: (record: DeviceRecord) => void;
  /** The server refused the device. Resolves when it was replaced, rejects when the person is out. */
  readonly onDead: (record: DeviceRecord) => Promise<void>;
}

/** As often as anybody moves the pointer. */
const KEEP_EVERY_MS = 5000;

export function openSeat(first: DeviceRecord, { presence, onUsed, onDead }: SeatDeps): Seat {
  let record = first;
  let isLeft = false;
  let keptAt = 0;
  const authOf = ({ id, account, key }: DeviceRecord): Auth => deviceAuth({ id, account, key });
  let auth = authOf(first);
  let asking: { readonly at: number; readonly session: ReturnType<Auth['signIn']> } | undefined;

  const gated: Auth = {
    account: async () => record.account,
    // The person is waited for: to come back, or to sign in again.
    attended: true,
    async signIn(server) {
      const began = performance.now();
      for (;;) {
        await presence.permitted();
        if (isLeft) throw new Aborted('unsent');
        const asked = record;
        try {
          // Whoever waited for a person asks at the same time as others who did: once.
          asking ??= { at: performance.now(), session: auth.signIn(server) };
          const { at, session } = asking;
          const { bearer } = await session.finally(() => {
            asking = undefined;
          });
          if (isLeft) throw new Aborted('unsent');
          presence.began();
          record = { ...record, usedAt: Date.now() };
          onUsed(record);
          return { bearer, waitedMs: Math.max(0, at - began) };
        } catch (error) {
          if (!isCode(error, 'UNAUTHORIZED_ERROR') || isLeft) throw error;
          if (record.id === asked.id) await onDead(asked);
        }
      }
    },
  };
  const client = createClient({
    url: location.origin,
    auth: gated,
    fetch: turns.heard(globalThis.fetch),
  });

  return {
    client,
    device: () => record,
    replace(next) {
      record = next;
      auth = authOf(next);
    },
    leave() {
      isLeft = true;
    },
    keepInUse() {
      if (isLeft || Date.now() - keptAt < KEEP_EVERY_MS) return;
      keptAt = Date.now();
      // Whoever needs the session is told what became of it.
      client.account.session().catch(() => undefined);
    },
  };
}

// The client's session: signed in when one is needed, before the old one ends, and once for all who wait.
import { oneAtATime } from './asked-once.ts';
import type { Auth, Session } from './auth.ts';
import type { Server } from './call.ts';
import { claimsOf } from './claims.ts';
import { isBearer } from './not-countersign.ts';

export interface Sessions {
  /** A person is asked at sign-in. */
  readonly attended: boolean;
  /** Rejects as Auth.signIn does, with an error of each caller's own; the next call tries again. */
  readonly get: () => Promise<Session>;
  /** It was refused: the next call signs in. */
  forget(bearer: string): void;
}

export interface Timing {
  /** Unix milliseconds of this machine. */
  readonly now: () => number;
  readonly monotonic: () => number;
}

/** A session is replaced this long before its end: a request takes time to arrive. Of a short one, half its life. */
const MARGIN_MS = 30_000;

interface Held extends Session {
  isGood(): boolean;
}

export function createSessions(auth: Auth, server: Server, { now, monotonic }: Timing): Sessions {
  let held: Held | undefined;

  const signIn = oneAtATime(async (): Promise<Session> => {
    const [wall, steady] = [now(), monotonic()];
    const { bearer, waitedMs = 0 } = await auth.signIn(server);
    if (!isBearer(bearer)) throw new TypeError('the bearer is none: it cannot be sent');
    const { iat, exp } = claimsOf(bearer);
    const life = iat === undefined || exp === undefined ? Number.POSITIVE_INFINITY : (exp - iat) * 1000;
    const goodFor = life - Math.min(MARGIN_MS, life / 2);
    held = {
      bearer,
      expiresAt: exp === undefined ? undefined : new Date(exp * 1000),
      // By whichever clock went further: one stops while the machine sleeps, the other may be set back.
      isGood: () => Math.max(now() - wall, monotonic() - steady) - waitedMs < goodFor,
    };
    return held;
  });

  return {
    attended: auth.attended === true,
    get: async () => (held?.isGood() === true ? held : signIn()),
    forget(bearer) {
      if (held?.bearer === bearer) held = undefined;
    },
  };
}

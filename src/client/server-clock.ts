// The server's clock, as signatures need it: this machine's may be minutes off.
import { askedOnce } from './asked-once.ts';

export interface ServerClock {
  /** Unix milliseconds to sign: a second behind the server, and never the same twice, as two orders of one millisecond may be one. */
  signingTime(): Promise<number>;
  /** The server's time, or up to 2 s before it. */
  since(): Promise<bigint>;
  /** Measures again before the next. */
  forget(): void;
}

export interface ServerClockDeps {
  /** Unix milliseconds of this machine. */
  readonly now: () => number;
  readonly monotonic: () => number;
  /** Asks the server for its Unix milliseconds. */
  readonly ask: () => Promise<number>;
}

/** Far less than servers tolerate ahead, far more than a round trip is uneven. */
export const BEHIND_MS = 1000;
const UNSURE_MS = 2000;
const SAMPLES = 3;
/** Good enough: half of it is how far off it can be. */
const SHORT_TRIP_MS = 100;
/** The clocks of one machine go apart by this much only when one of them was set, or stood still. */
const APART_MS = 1000;

interface Measured {
  /** Of the server ahead of this machine, in milliseconds. */
  readonly skew: number;
  /** The machine's clocks then. */
  readonly wall: number;
  readonly steady: number;
}

export function createServerClock({ now, monotonic, ask }: ServerClockDeps): ServerClock {
  let measured = askedOnce(measure);
  let last = 0;

  const here = () => ({ wall: now(), steady: monotonic() });

  /** The smallest round trip wins: it leaves the least room for when the server read its clock. */
  async function measure(): Promise<Measured> {
    let best = { trip: Number.POSITIVE_INFINITY, skew: 0, ...here() };
    for (let sample = 0; sample < SAMPLES && best.trip > SHORT_TRIP_MS; sample += 1) {
      const began = monotonic();
      const server = await ask();
      const trip = monotonic() - began;
      if (trip < best.trip) best = { trip, skew: server + trip / 2 - now(), ...here() };
    }
    return best;
  }

  async function serverNow(): Promise<number> {
    const looked = measured;
    const { wall, steady } = await looked();
    const { wall: nowWall, steady: nowSteady } = here();
    const isApart = Math.abs(nowWall - wall - (nowSteady - steady)) > APART_MS;
    // The machine's clock was set, or the machine slept: what was measured is no longer so. It is measured once for all who wait.
    if (isApart && measured === looked) measured = askedOnce(measure);
    const { skew } = await measured();
    return now() + skew;
  }

  return {
    async signingTime() {
      last = Math.max(Math.floor((await serverNow()) - BEHIND_MS), last + 1);
      return last;
    },
    since: async () => BigInt(Math.floor((await serverNow()) - UNSURE_MS)) * 1_000_000n,
    forget() {
      measured = askedOnce(measure);
      last = 0;
    },
  };
}

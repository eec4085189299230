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
const BEHIND_MS = 1000;
const UNSURE_MS = 2000;
const SAMPLES = 3;
/** Good enough: half of it is how far off it can be. */
const SHORT_TRIP_MS = 100;

export function createServerClock({ now, monotonic, ask }: ServerClockDeps): ServerClock {
  /** Of the server ahead of this machine, in milliseconds. */
  let skew = askedOnce(measure);
  let last = 0;

  /** The smallest round trip wins: it leaves the least room for when the server read its clock. */
  async function measure(): Promise<number> {
    let best = { trip: Number.POSITIVE_INFINITY, skew: 0 };
    for (let sample = 0; sample < SAMPLES && best.trip > SHORT_TRIP_MS; sample += 1) {
      const began = monotonic();
      const server = await ask();
      const trip = monotonic() - began;
      if (trip < best.trip) best = { trip, skew: server + trip / 2 - now() };
    }
    return best.skew;
  }

  async function serverNow(): Promise<number> {
    return now() + (await skew());
  }

  return {
    async signingTime() {
      last = Math.max(Math.floor((await serverNow()) - BEHIND_MS), last + 1);
      return last;
    },
    since: async () => BigInt(Math.floor((await serverNow()) - UNSURE_MS)) * 1_000_000n,
    forget() {
      skew = askedOnce(measure);
      last = 0;
    },
  };
}

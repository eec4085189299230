// Who gets a connection to the venue next: networks take turns, and in each its clients; who is signed in has three turns of four; and
// nobody holds more than a share (domain/shares.ts). What is sent as it arrives has a cap of its own, so that slow uploads never take
// the connections of others. It knows no connections and no time.
import { createFairQueue, type FairQueue, type May } from '../domain/fair-queue.ts';
import { createShares, type Holder } from '../domain/shares.ts';
import { createSignedInFirst } from '../domain/signed-in-first.ts';

/** Something that wants a connection. */
export interface Turn {
  readonly holder: Holder;
  /** It holds the connection at the pace of its client. */
  readonly streamed: boolean;
  /** It has one now. May fire before `ask` returns; `done` must follow. */
  begin(): void;
  /** It waited, and gets none: it had to make room for others, or all ends. */
  dropped(why: 'turned_away' | 'stopping'): void;
}

/** What waits. */
export interface Waiting {
  /** It wants none any more. Idempotent, and without effect once it has begun. */
  leave(): void;
}

export interface Turns {
  /** Begins at once or waits; undefined when there is no room for it to wait. */
  ask(turn: Turn): Waiting | undefined;
  /** Its connection is free. */
  done(turn: Turn): void;
  /** Drops all that waits. */
  clear(): void;
  readonly busy: number;
  readonly streaming: number;
  readonly streams: number;
  readonly waiting: number;
  /** Most that can wait, whosoever and streamed or not. */
  readonly places: number;
  readonly turnedAway: number;
}

export interface TurnsOptions {
  readonly connections: number;
  /** Most that may wait: so many who are signed in, and so many others; and of each a sixteenth of it that is streamed. */
  readonly maxWaiting: number;
}

/** The share of the connections, and of the places in the queue, that what is streamed may have. */
const STREAMS = 1 / 16;

interface Lane {
  readonly places: number;
  readonly queue: FairQueue<Turn>;
  readonly signedIn: boolean;
  readonly streamed: boolean;
}

export function createTurns({ connections, maxWaiting }: TurnsOptions): Turns {
  const streams = Math.max(1, Math.floor(connections * STREAMS));
  const all = createShares(connections);
  const streaming = createShares(streams);
  const lane = (signedIn: boolean, streamed: boolean): Lane => {
    const places = streamed ? Math.ceil(maxWaiting * STREAMS) : maxWaiting;
    return { places, queue: createFairQueue<Turn>(Math.max(1, places)), signedIn, streamed };
  };
  const whole = { signedIn: lane(true, false), others: lane(false, false) };
  const streamed = { signedIn: lane(true, true), others: lane(false, true) };
  const lanes = [whole.signedIn, whole.others, streamed.signedIn, streamed.others];
  let turnedAway = 0;
  const takeNext = createSignedInFirst();
  let isServing = false;

  const laneOf = (isStreamed: boolean, signedIn: boolean): Lane => {
    const pair = isStreamed ? streamed : whole;
    return signedIn ? pair.signedIn : pair.others;
  };

  function tryBegin(asked: Turn): boolean {
    if (asked.streamed && !streaming.take(asked.holder, 1)) return false;
    if (all.take(asked.holder, 1)) return true;
    if (asked.streamed) streaming.give(asked.holder, 1);
    return false;
  }

  /** The next one that may begin, which then holds its connection. */
  function next(): Turn | undefined {
    // Streams first: they are few, and there would be no turn for them while all is busy.
    return nextOf(true) ?? nextOf(false);
  }

  const nextOf = (isStreamed: boolean): Turn | undefined => takeNext((signedIn) => shift(laneOf(isStreamed, signedIn)));

  function shift({ queue, signedIn, streamed: isStreamed }: Lane): Turn | undefined {
    if (queue.size === 0) return undefined;
    const may = all.may(signedIn);
    const mayStream = isStreamed ? streaming.may(signedIn) : may;
    if (may === undefined || mayStream === undefined) return undefined;
    // It leaves the queue by taking its connection: what could take none would wait on.
    let taken = false;
    const found = queue.shift(
      (asked) => {
        taken = tryBegin(asked);
        return !taken;
      },
      isStreamed ? both(may, mayStream) : may,
    );
    return taken ? found : undefined;
  }

  function serve(): void {
    // What begins may be over at once, and asks for the next: in a loop, and not ever deeper in calls.
    if (isServing) return;
    isServing = true;
    try {
      for (let found = next(); found !== undefined; found = next()) found.begin();
    } finally {
      isServing = false;
    }
  }

  return {
    ask(asked) {
      // Whoever waits could not begin now: so this one goes before nobody.
      if (!isServing && tryBegin(asked)) {
        asked.begin();
        return nothing;
      }
      const { queue } = laneOf(asked.streamed, asked.holder.signedIn);
      if (maxWaiting === 0) {
        turnedAway += 1;
        return undefined;
      }
      const { place, dropped } = queue.push(asked.holder, asked);
      if (dropped !== undefined) turnedAway += 1;
      if (dropped === asked) return undefined;
      dropped?.dropped('turned_away');
      return { leave: () => queue.remove(place) };
    },
    done({ holder, streamed: isStreamed }) {
      all.give(holder, 1);
      if (isStreamed) streaming.give(holder, 1);
      serve();
    },
    clear() {
      for (const dropped of lanes.flatMap(({ queue }) => queue.removeOver(() => true))) dropped.dropped('stopping');
    },
    get busy() {
      return all.held;
    },
    get streaming() {
      return streaming.held;
    },
    streams,
    get waiting() {
      return lanes.reduce((sum, { queue }) => sum + queue.size, 0);
    },
    places: lanes.reduce((sum, { places }) => sum + places, 0),
    get turnedAway() {
      return turnedAway;
    },
  };
}

const nothing: Waiting = { leave: () => undefined };

const both = (one: May, other: May): May => ({
  network: (network) => one.network(network) && other.network(network),
  client: (client) => one.client(client) && other.client(client),
});

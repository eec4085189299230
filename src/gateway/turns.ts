// Which request gets a connection to the venue next. Networks take turns, and in a network its clients; requests with a session get three
// turns of four; nobody holds more than a share (domain/shares.ts). Streamed bodies have a limit of their own, so that slow uploads never
// take all connections. Pure: no connections, no clock.
import { createFairQueue, type FairQueue, type May } from '../domain/fair-queue.ts';
import { createShares, type Holder } from '../domain/shares.ts';
import { createSignedInFirst } from '../domain/signed-in-first.ts';

/** A request that wants a connection. */
export interface Turn {
  readonly holder: Holder;
  /** Its body is streamed: it holds the connection as long as its client takes to upload. */
  readonly streamed: boolean;
  /** It has a connection. May fire before `ask` returns; call `done` afterwards. */
  begin(): void;
  /** It waited and gets none: it lost its place to another client, or the gateway is stopping. */
  dropped(why: 'turned_away' | 'stopping'): void;
}

/** A request that waits. */
export interface Waiting {
  /** It wants no connection any more. Idempotent; no effect once it has begun. */
  leave(): void;
}

export interface Turns {
  /** Begins at once or waits; undefined when there is no room to wait. */
  ask(turn: Turn): Waiting | undefined;
  /** Its connection is free. */
  done(turn: Turn): void;
  /** Drops all waiting requests. */
  clear(): void;
  readonly busy: number;
  readonly streaming: number;
  readonly streams: number;
  readonly waiting: number;
  /** Most that can wait, all kinds together. */
  readonly places: number;
  readonly turnedAway: number;
}

export interface TurnsOptions {
  readonly connections: number;
  /** Most that may wait: so many with a session, so many without, and of each a sixteenth more with a streamed body. */
  readonly maxWaiting: number;
}

/** The share of the connections, and of the waiting places, for streamed bodies. */
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

  /** The next request that may begin; its connection is taken. */
  function next(): Turn | undefined {
    // Streams first: they are few, and would get no turn while all connections are busy.
    return nextOf(true) ?? nextOf(false);
  }

  const nextOf = (isStreamed: boolean): Turn | undefined => takeNext((signedIn) => shift(laneOf(isStreamed, signedIn)));

  function shift({ queue, signedIn, streamed: isStreamed }: Lane): Turn | undefined {
    if (queue.size === 0) return undefined;
    const may = all.may(signedIn);
    const mayStream = isStreamed ? streaming.may(signedIn) : may;
    if (may === undefined || mayStream === undefined) return undefined;
    // A request leaves the queue only by taking its connection; one that cannot take any keeps waiting.
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
    // A request that begins may be over at once and call `done`: serve the next in this loop, not in a nested call.
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
      // Waiting requests could not begin either, so this one overtakes nobody.
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

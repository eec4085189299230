// Shares of something that all clients use, so that some is always left for others. A client: a quarter. A network: a half for those who
// are signed in, a half for those who are not, three quarters together. All who are not signed in: three quarters. Pure: it only counts.
import type { May, Sender } from './fair-queue.ts';
import { createKeyedTable, type Keyed } from './keyed-table.ts';

/** A client that holds a part. Signed in, it does not share its part with strangers at the same address. */
export interface Holder extends Sender {
  readonly signedIn: boolean;
}

export interface Shares {
  /** Takes `amount`, or takes nothing and returns false when it exceeds a share or what is left. */
  take(holder: Holder, amount: number): boolean;
  /** Returns what was taken. */
  give(holder: Holder, amount: number): void;
  /** Which clients, signed in or not, may take one more. Undefined while none may. */
  may(signedIn: boolean): May | undefined;
  readonly held: number;
  readonly total: number;
}

/** Every share is at least one. Throws RangeError when the total is below one. */
export function createShares(total: number): Shares {
  if (!Number.isSafeInteger(total) || total < 1) throw new RangeError('there must be something to share');
  const share = (part: number): number => Math.max(1, Math.floor(total * part));
  const ofClient = share(1 / 4);
  const ofNetwork = { eitherKind: share(1 / 2), all: share(3 / 4) };
  const ofStrangers = share(3 / 4);
  const clients = createCounts();
  const networks = { signedIn: createCounts(), others: createCounts() };
  let held = 0;
  let heldByStrangers = 0;

  const networksOf = (signedIn: boolean): Counts => (signedIn ? networks.signedIn : networks.others);
  const fitsNetwork = (signedIn: boolean, network: string, amount: number): boolean =>
    networksOf(signedIn).of(network) + amount <= ofNetwork.eitherKind &&
    networks.signedIn.of(network) + networks.others.of(network) + amount <= ofNetwork.all;
  const isLeft = (signedIn: boolean, amount: number): boolean =>
    held + amount <= total && (signedIn || heldByStrangers + amount <= ofStrangers);

  function mayOf(signedIn: boolean): May {
    return {
      network: (network) => fitsNetwork(signedIn, network, 1),
      client: (client) => clients.of(client) < ofClient,
    };
  }
  const may = { signedIn: mayOf(true), others: mayOf(false) };

  function change({ client, network, signedIn }: Holder, amount: number): void {
    held += amount;
    if (!signedIn) heldByStrangers += amount;
    clients.add(client, amount);
    networksOf(signedIn).add(network, amount);
  }

  return {
    take(holder, amount) {
      const { client, network, signedIn } = holder;
      const fits =
        isLeft(signedIn, amount) && clients.of(client) + amount <= ofClient && fitsNetwork(signedIn, network, amount);
      if (fits) change(holder, amount);
      return fits;
    },
    give(holder, amount) {
      change(holder, -amount);
    },
    may(signedIn) {
      if (!isLeft(signedIn, 1)) return undefined;
      return signedIn ? may.signedIn : may.others;
    },
    get held() {
      return held;
    },
    total,
  };
}

interface Counts {
  of(key: string): number;
  add(key: string, amount: number): void;
}

interface Count extends Keyed<Count> {
  amount: number;
}

/** Holders of nothing are not kept. */
function createCounts(): Counts {
  const table = createKeyedTable<Count>();
  return {
    of: (key) => table.get(key)?.amount ?? 0,
    add(key, amount) {
      const known = table.get(key);
      if (known === undefined) {
        if (amount !== 0) table.add({ key, amount, next: undefined });
        return;
      }
      known.amount += amount;
      if (known.amount === 0) table.remove(known);
    },
  };
}

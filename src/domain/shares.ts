// How much each may hold of something that all share, so that there is always some left for others: no client more than a quarter; of a
// network, who is signed in no more than a half, who is not no more than a half, and together no more than three quarters; and all who
// are not signed in no more than three quarters. Pure: it only counts.
import type { May, Sender } from './fair-queue.ts';
import { createKeyedTable, type Keyed } from './keyed-table.ts';

/** Who holds something. Whoever shares an address with strangers does not share what they may hold, once signed in. */
export interface Holder extends Sender {
  readonly signedIn: boolean;
}

export interface Shares {
  /** Takes so much more, or nothing and returns false when that would be more than a share or than there is. */
  take(holder: Holder, amount: number): boolean;
  /** Gives back what was taken. */
  give(holder: Holder, amount: number): void;
  /** Of those who are signed in, or of the others: who may take one more. Undefined while none of them may. */
  may(signedIn: boolean): May | undefined;
  readonly held: number;
  readonly total: number;
}

/** Everybody's share is at least one, so that a network can have all only where all is one. Throws RangeError without one. */
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

/** Zero is not remembered. */
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

// Which keys have a table, within a limit of bytes: the least recently used table makes room for a new one. A table never changes a
// verdict: verifying without one is only slower.
import { createLru } from '../../domain/lru.ts';
import type { Kernel, TableAddress } from './kernel.ts';
import { mapKey } from './map-key.ts';

export interface KeyTables {
  /** The table of a key, which now counts as the most recently used. */
  find(publicKey: bigint): TableAddress | undefined;
  /** Builds the key's table unless it has one. False when x belongs to no point or there is no room for any table. */
  build(publicKey: bigint): boolean;
  stats(): KeyTableStats;
}

export interface KeyTableStats {
  /** Tables held now, and how many there is room for. */
  readonly tables: number;
  readonly capacity: number;
  /** Memory of the tables ever held at once: it is used again, never given back. */
  readonly tableBytes: number;
  readonly built: number;
  readonly evicted: number;
}

/** Tables of at most `maxBytes` in total, below 2 GiB. */
export function createKeyTables(kernel: Kernel, maxBytes: number): KeyTables {
  let capacity = Math.floor(maxBytes / kernel.keyTableBytes);
  const addresses = createLru<string, TableAddress>(Math.max(1, capacity));
  let places = 0;
  let built = 0;
  let evicted = 0;

  function newPlace(): TableAddress | undefined {
    if (places >= capacity) return undefined;
    const place = kernel.keyTable(places);
    if (place === undefined) capacity = places;
    else places += 1;
    return place;
  }

  function oldestPlace(): TableAddress | undefined {
    const oldest = addresses.takeOldest();
    if (oldest === undefined) return undefined;
    evicted += 1;
    return oldest[1];
  }

  const find = (publicKey: bigint): TableAddress | undefined => addresses.get(mapKey(publicKey));

  return {
    find,
    build(publicKey) {
      if (find(publicKey) !== undefined) return true;
      // First, so that an invalid key evicts no table.
      if (!kernel.isPublicKey(publicKey)) return false;
      const place = newPlace() ?? oldestPlace();
      if (place === undefined || !kernel.buildKeyTable(place, publicKey)) return false;
      addresses.set(mapKey(publicKey), place);
      built += 1;
      return true;
    },
    stats: () => ({
      tables: addresses.size,
      capacity,
      tableBytes: places * kernel.keyTableBytes,
      built,
      evicted,
    }),
  };
}

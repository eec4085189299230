// A bounded room for things of many owners. When it is full, the owner of the most gives up the oldest to one who has fewer: however many
// fill it, who has little in it always finds a place.

export interface FairRoom<Owner> {
  /** Whether there is a place, or the owner of the most would give one up. */
  hasRoom(owner: Owner): boolean;
  /** Takes a place; ask `hasRoom` in the same turn. Returns what was given up for it. */
  add(owner: Owner, thing: string): string | undefined;
  /** Idempotent. */
  remove(owner: Owner, thing: string): void;
}

/** Every call costs the same, however much there is. */
export function createFairRoom<Owner>(most: number): FairRoom<Owner> {
  /** Of each owner, the oldest first. */
  const things = new Map<Owner, Set<string>>();
  /** Owners by how much they have. */
  const owners = new Map<number, Set<Owner>>();
  let largest = 0;
  let size = 0;

  const countOf = (owner: Owner): number => things.get(owner)?.size ?? 0;

  function move(owner: Owner, from: number, to: number): void {
    size += to - from;
    const before = owners.get(from);
    before?.delete(owner);
    if (before?.size === 0) owners.delete(from);
    if (to > 0) {
      const after = owners.get(to) ?? new Set();
      owners.set(to, after.add(owner));
    }
    if (to > largest || !owners.has(largest)) largest = to;
  }

  function remove(owner: Owner, thing: string): void {
    const own = things.get(owner);
    if (!own?.delete(thing)) return;
    if (own.size === 0) things.delete(owner);
    move(owner, own.size + 1, own.size);
  }

  function giveUp(): string | undefined {
    const [owner] = owners.get(largest) ?? [];
    if (owner === undefined) return undefined;
    const [oldest] = things.get(owner) ?? [];
    if (oldest !== undefined) remove(owner, oldest);
    return oldest;
  }

  return {
    hasRoom: (owner) => size < most || countOf(owner) < largest,

    add(owner, thing) {
      const given = size < most ? undefined : giveUp();
      const own = things.get(owner) ?? new Set();
      if (own.has(thing)) return given;
      things.set(owner, own.add(thing));
      move(owner, own.size - 1, own.size);
      return given;
    },

    remove,
  };
}

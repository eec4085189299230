// Linked lists whose links belong to the listed objects: joining and leaving cost a constant and leave nothing behind. For objects that
// come and go with every request: a long-lived Set or Map outgrows its table again and again, and in V8 the old tables keep what they
// listed alive.

export interface Link<Owner> {
  readonly owner: Owner;
  before: Link<Owner> | undefined;
  after: Link<Owner> | undefined;
}

export interface Chain<Owner> {
  first: Link<Owner> | undefined;
  last: Link<Owner> | undefined;
}

export const createLink = <Owner>(owner: Owner): Link<Owner> => ({ owner, before: undefined, after: undefined });

export const createChain = <Owner>(): Chain<Owner> => ({ first: undefined, last: undefined });

/** The link must be in no chain. */
export function append<Owner>(chain: Chain<Owner>, link: Link<Owner>): void {
  link.before = chain.last;
  if (chain.last === undefined) chain.first = link;
  else chain.last.after = link;
  chain.last = link;
}

/** The link must be in this chain. */
export function unlink<Owner>(chain: Chain<Owner>, link: Link<Owner>): void {
  if (link.before === undefined) chain.first = link.after;
  else link.before.after = link.after;
  if (link.after === undefined) chain.last = link.before;
  else link.after.before = link.before;
  link.before = undefined;
  link.after = undefined;
}

/** The link must be in this chain. */
export function moveToEnd<Owner>(chain: Chain<Owner>, link: Link<Owner>): void {
  if (chain.last === link) return;
  unlink(chain, link);
  append(chain, link);
}

/** A copy of all owners, oldest first. */
export function ownersOf<Owner>(chain: Chain<Owner>): Owner[] {
  const owners: Owner[] = [];
  for (let link = chain.first; link !== undefined; link = link.after) owners.push(link.owner);
  return owners;
}

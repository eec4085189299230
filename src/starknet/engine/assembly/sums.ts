// Sums of affine points: one list by mixed additions, or many lists at once by affine additions that share their inversions.
// Neither can add equal or opposite points: the first then leaves ZZ = 0, the second says that it failed. Believe no other result.
// An entry of a list is the address of a point, plus 1 when its negative is meant.
import { ONE, ZERO, copy, mul, mulSub, negate, sqrSub, sub } from './field';
import { AFFINE, Y, addAffine, invert, setAffine } from './point';

/** Bytes of one list. */
// @ts-ignore: decorator
@inline export const LIST: usize = 64 * 4;
/** Lists that are summed at once, and the points that this takes: one less than a list has entries, for each list. */
// @ts-ignore: decorator
@inline const LISTS: usize = 32;
const ENTRIES = memory.data(32 * 64 * 4, 16);
const COUNTS = memory.data(32 * 4, 16);
const POINTS = memory.data(32 * 63 * 72, 16);

const PRODUCT = memory.data(36, 16);
const DENOMINATOR = memory.data(36, 16);
const SLOPE = memory.data(36, 16);
const RUN = memory.data(36, 16);
const RISE = memory.data(36, 16);
const TOUCHED = memory.data(4, 16);

/** Where the n-th list starts, n < 32. */
// @ts-ignore: decorator
@inline
export function list(n: usize): usize {
  return ENTRIES + n * LIST;
}

/** Appends a point, or its negative, at the end of a list, and returns the new end. */
// @ts-ignore: decorator
@inline
export function append(end: usize, point: usize, negative: u32): usize {
  store<u32>(end, <u32>point | negative);
  return end + 4;
}

// @ts-ignore: decorator
@inline
function pointOf(entry: u32): usize {
  return <usize>(entry & ~1);
}

/** Reads both ends of every point, so that the caches fetch them all at once instead of one after the other. */
function touch(from: usize, end: usize): void {
  let sum: u32 = 0;
  for (let at = from; at < end; at += 4) {
    const point = pointOf(load<u32>(at));
    sum += load<u32>(point) + load<u32>(point, 68);
  }
  store<u32>(TOUCHED, sum);
}

/** sum = the points from an entry to the end of its list. False, and no sum, when there are none. */
export function sumList(sum: usize, from: usize, end: usize): bool {
  if (from == end) return false;
  touch(from, end);
  const first = load<u32>(from);
  setAffine(sum, pointOf(first), (first & 1) != 0);
  for (let at = from + 4; at < end; at += 4) {
    const entry = load<u32>(at);
    addAffine(sum, pointOf(entry), (entry & 1) != 0);
  }
  return true;
}

/** Says where the n-th list ends. */
export function closeList(n: usize, end: usize): void {
  const from = list(n);
  store<u32>(COUNTS + (n << 2), <u32>((end - from) >> 2));
  touch(from, end);
}

/** The sum of the n-th list after sumLists: an affine point; 0 when the list was empty, which only infinity has no point for. */
export function sumOf(n: usize): u32 {
  return load<u32>(COUNTS + (n << 2)) == 0 ? 0 : load<u32>(list(n));
}

/**
 * Sums the first `count` lists, each as a tree of affine additions: one inversion (Montgomery's trick) for all pairs of a level. An
 * affine addition then takes 6 multiplications, a mixed one 10. False when two points had the same x: then there is no sum at all.
 * Bounds (see field.ts): x = slope^2 / R - x1 - x2 is in (-1 - 2 h, 0.01 - 2 l) p for x1 and x2 in (l, h) p. After the six levels of 64
 * entries in (-1.03p, 0.51p) that is (-87p, 75p). A y grows by 1.2p at most with each level, to 7.3p; the difference of two x that are
 * added is below 81p, and RUN below 130p.
 */
export function sumLists(count: usize): bool {
  let points = POINTS;
  let end = denominators(count, points);
  while (end != points) {
    if (!invert(PRODUCT, PRODUCT)) return false;
    chords(count, end);
    shorten(count, points);
    points = end;
    end = denominators(count, points);
  }
  return true;
}

/** For each pair of a level, in the place of its sum: the difference of the x, and the product of all differences before it. */
function denominators(count: usize, points: usize): usize {
  copy(PRODUCT, ONE);
  for (let n: usize = 0; n < count; n++) {
    const pairs = load<u32>(COUNTS + (n << 2)) >> 1;
    let entries = list(n);
    for (let i: u32 = 0; i < pairs; i++) {
      sub(points, pointOf(load<u32>(entries, 4)), pointOf(load<u32>(entries)));
      copy(points + Y, PRODUCT);
      mul(PRODUCT, PRODUCT, points);
      points += AFFINE;
      entries += 8;
    }
  }
  return points;
}

/** The sums of all pairs of a level, from the last pair, whose place ends at `end`, to the first. */
function chords(count: usize, end: usize): void {
  for (let n = count; n != 0; ) {
    n--;
    const pairs = load<u32>(COUNTS + (n << 2)) >> 1;
    let entries = list(n) + (<usize>pairs << 3);
    for (let i: u32 = 0; i < pairs; i++) {
      end -= AFFINE;
      entries -= 8;
      mul(DENOMINATOR, PRODUCT, end + Y);
      mul(PRODUCT, PRODUCT, end);
      chord(end, load<u32>(entries), load<u32>(entries, 4));
    }
  }
}

/** sum = the points of two entries, by 1 / (the second x - the first x) in DENOMINATOR. */
function chord(sum: usize, first: u32, second: u32): void {
  const p = pointOf(first);
  const q = pointOf(second);
  rise(q + Y, 1 - <i32>((second & 1) << 1), p + Y, 1 - <i32>((first & 1) << 1));
  mul(SLOPE, RISE, DENOMINATOR);
  sqrSub(sum, SLOPE, p, q, ZERO);
  sub(RUN, p, sum);
  let y = p + Y;
  if ((first & 1) != 0) {
    negate(RISE, y);
    y = RISE;
  }
  mulSub(sum + Y, SLOPE, RUN, y);
}

/** RISE = a * signA - b * signB. Its limbs are below 2^30: nine products with limbs below 2^29 are below 2^62.2. */
function rise(a: usize, signA: i32, b: usize, signB: i32): void {
  for (let i: usize = 0; i < 36; i += 4) store<i32>(RISE + i, load<i32>(a + i) * signA - load<i32>(b + i) * signB);
}

/** Each list becomes the sums of its pairs, and the point left over. */
function shorten(count: usize, points: usize): void {
  for (let n: usize = 0; n < count; n++) {
    const old = load<u32>(COUNTS + (n << 2));
    let entries = list(n);
    const last = load<u32>(entries + (<usize>old << 2) - 4);
    for (let i: u32 = 0; i < old >> 1; i++) {
      entries = append(entries, points, 0);
      points += AFFINE;
    }
    if ((old & 1) != 0) append(entries, pointOf(last), last & 1);
    store<u32>(COUNTS + (n << 2), (old + 1) >> 1);
  }
}

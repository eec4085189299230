// Breaks the kernel's sources in one place at a time, rebuilds, and requires the short tests to notice: `npm run test:engine:mutants`.
// Takes minutes. Arguments: parts of the names of the mutants to try (default: all).
//
// Not among them, as no answer changes:
// - scalar: no 27 N added to the inverse. A product is then below 0 now and then, by less than N / 2^15, and is written in two's
//   complement, which signed digits read as what it is.
// - scalar: no reduction before the inversion. It takes any number below 2^252, and a product is below N + N / 16.
// - inverse: 22 to 25 rounds. No number is known that needs more than 22; that none needs more than 26 is a theorem.
// - inverse: 8 bits at once where the factor clears 6. The next pass clears the rest; only the theorem is lost.
// - tables: y not settled. It grows by at most 1.1 p with each of 12 doublings of a table, and 2^9 p would do.
// - field: settle rounds down. The number is then in (-0.01p, 1.01p), also small enough.
// - tables, kernel: what normalise, extend or multiply say of infinity is not heard. The order of a point is the prime N, and its
//   multiples here are smaller: they cannot say it, once the curve checks have been passed (which are mutants below).
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Mutant {
  readonly name: string;
  readonly file: string;
  /** Occurs exactly once in the file, or behind `after`, which does, in which case the first occurrence is meant. */
  readonly original: string;
  readonly replacement: string;
  readonly after: string | undefined;
}

const mutant = (name: string, file: string, original: string, replacement: string, after?: string): Mutant => ({
  name,
  file: `${file}.ts`,
  original,
  replacement,
  after,
});

/** Every product has its own copy of the reduction. */
const reductions: readonly Mutant[] = ['mul', 'mulSub', 'sqr', 'sqrSub', 'mulMul'].flatMap((name) => {
  const after = `export function ${name}(`;
  return [
    mutant(`drop a carry of the reduction in ${name}`, 'field', ' + (c2 >> BITS)', '', after),
    mutant(`drop the last carry of ${name}`, 'field', '(c16 >> BITS)', '0', after),
    mutant(`forget a limb of p in ${name}`, 'field', ' - q6 * P6', '', after),
    mutant(`forget the top limb of p in ${name}`, 'field', ' - (q8 << P8_SHIFT)', '', after),
  ];
});

const mutants: readonly Mutant[] = [
  ...reductions,
  mutant('do not subtract in mulSub', 'field', ' - limb(c, 16)', '', 'export function mulSub('),
  mutant('subtract once in sqrSub', 'field', ' - limb(d, 16)', '', 'export function sqrSub('),
  mutant('skip the final reduction', 'field', 'if (load<i32>(out, 32) < 0) {', 'if (false) {'),
  mutant('drop the last carry of add', 'field', 'carry + limb(a, FELT - 4) + limb', 'limb(a, FELT - 4) + limb'),
  mutant('drop the carry after the final reduction', 'field', '    carry(out);\n', ''),
  mutant('lose the top bits of an input', 'field', 'bitsAt(bytes, 232, 24)', 'bitsAt(bytes, 232, 16)'),
  mutant('take 1 for 0', 'field', 'let bits = 0;\n  for (let i: usize = 0;', 'let bits = 0;\n  for (let i: usize = 4;'),

  mutant('inverse of the wrong sign', 'inverse', 'if (load<i32>(F, 32) < 0) {', 'if (false) {'),
  mutant('swap without the sign', 'inverse', 'q = -swap;', 'q = swap;'),
  mutant('stop the inversion early', 'inverse', 'ROUNDS: i32 = 26', 'ROUNDS: i32 = 21'),

  mutant('write a scalar above N', 'scalar', '  if (!isLess(a, ORDER)) addOrders(a, -1);\n', ''),
  mutant(
    'compare scalars from below',
    'scalar',
    'for (let i: usize = FELT; i != 0; ) {\n    i -= 4;',
    'for (let i: usize = 0; i < FELT; i += 4) {',
  ),
  mutant('leave a scalar above N / 2', 'scalar', 'isLess(OPPOSITE, a) ? OPPOSITE : a', 'a'),
  mutant(
    'leave a shared inverse multiplied',
    'scalar',
    '    fromBytes(FACTOR, c + i * stride);\n    scalarMul(PRODUCT, PRODUCT, FACTOR);\n',
    '',
    'scalarMul(out + i * FELT, PRODUCT, out + i * FELT);',
  ),
  mutant(
    'take the shared inverse for the own one',
    'scalar',
    'scalarMul(out + i * FELT, PRODUCT, out + i * FELT);',
    'memory.copy(out + i * FELT, PRODUCT, FELT);',
  ),
  mutant(
    'invert only the first',
    'scalar',
    'for (let i = count - 1; i != 0; i--)',
    'for (let i = count - 1; i > 1; i--)',
  ),

  mutant('believe the inverse of 0', 'point', '    copy(out, ZERO);\n    return false;\n', '    copy(out, ZERO);\n'),
  mutant('add with the wrong sign', 'point', 'negate(T, y);', 'copy(T, y);'),
  mutant('set with the wrong sign', 'point', 'if (negative) negate(sum + Y, point + Y);\n  else copy', 'copy'),
  mutant('double without a', 'point', 'mulSub(R, R, a, T);', 'mulSub(R, R, ZERO, T);'),

  mutant('swap a table index', 'tables', '+ digit - 1) * AFFINE', '+ (digit ^ 1) - 1) * AFFINE'),
  mutant(
    'ignore the last window',
    'tables',
    'for (let i: u32 = 0; i < windows; i++) {\n    let digit',
    'for (let i: u32 = 0; i < windows - 1; i++) {\n    let digit',
  ),
  mutant(
    'ignore the first window',
    'tables',
    'for (let i: u32 = 0; i < windows; i++) {\n    let digit',
    'for (let i: u32 = 1; i < windows; i++) {\n    let digit',
  ),
  mutant('ignore the sign of a digit', 'tables', 'digit - 1) * AFFINE, carry);', 'digit - 1) * AFFINE, 0);'),
  mutant('drop the carry between digits', 'tables', 'bitsAt(scalar, i * w, w) + carry;', 'bitsAt(scalar, i * w, w);'),
  mutant('drop the carry out of the last window', 'tables', 'carried = carry;', 'carried = 0;'),
  mutant('let entries grow beyond their bounds', 'tables', '      settle(next);\n', ''),
  mutant('short last window', 'tables', 'last <= m ? 0 : min(m, last - m)', 'last <= m ? 0 : min(m, last - m) - 1'),
  mutant('drop the carry of the non-adjacent form', 'tables', 'carry = digit >> 4;', 'carry = 0;'),
  mutant('wrong odd multiple', 'tables', '(<usize>abs(digit) >> 1)', '((<usize>abs(digit) >> 1) ^ 1)'),

  mutant('sum an empty list', 'sums', '  if (from == end) return false;\n', ''),
  mutant('lose the last point of a list', 'sums', 'let at = from + 4; at < end;', 'let at = from + 4; at + 4 < end;'),
  mutant('lose the point left over', 'sums', '    if ((old & 1) != 0) append', '    if (false) append'),
  mutant('lose the sign of the point left over', 'sums', 'pointOf(last), last & 1)', 'pointOf(last), 0)'),
  mutant('keep the length of a list', 'sums', '(old + 1) >> 1);', 'old);'),
  mutant(
    'believe sums that share no inversion',
    'sums',
    'if (!invert(PRODUCT, PRODUCT)) return false;',
    'invert(PRODUCT, PRODUCT);',
  ),
  mutant('leave the inverse of a level multiplied', 'sums', '      mul(PRODUCT, PRODUCT, end);\n', ''),
  mutant('lose the sign of the first point', 'sums', '1 - <i32>((first & 1) << 1)', '1'),
  mutant('lose the sign of the second point', 'sums', '1 - <i32>((second & 1) << 1)', '1'),
  mutant('lose the sign of the y that is subtracted', 'sums', '  if ((first & 1) != 0) {\n', '  if (false) {\n'),
  mutant('add the first x twice', 'sums', 'sqrSub(sum, SLOPE, p, q, ZERO);', 'sqrSub(sum, SLOPE, p, p, ZERO);'),
  mutant('touch the lists of others', 'sums', 'return ENTRIES + n * LIST;', 'return ENTRIES + n * (LIST >> 2);'),

  mutant(
    'swap the scalars',
    'kernel',
    'divideUpToSign(SCALAR_1, SCALAR_2, slots, slots + SLOT, INVERSE);',
    'divideUpToSign(SCALAR_2, SCALAR_1, slots, slots + SLOT, INVERSE);',
  ),
  mutant('take the first inverse for all of a batch', 'kernel', 'INVERSES + item * FELT', 'INVERSES'),
  mutant(
    'take the first table for all of a batch',
    'kernel',
    'load<u32>(PLACES + item * SLOTS * 4)',
    'load<u32>(PLACES)',
  ),
  mutant(
    'give all of a batch one outcome',
    'kernel',
    'store<i32>(OUTCOMES + (item << 2), outcome);',
    'for (let i: usize = 0; i < 64; i += 4) store<i32>(OUTCOMES + i, outcome);',
  ),
  mutant(
    'check the first r of a batch only',
    'kernel',
    'sumHasX(slots, tableOf(item));',
    'sumHasX(IO, tableOf(item));',
  ),

  mutant('accept ZZ = 0', 'kernel', 'isZero(DD) ? EXCEPTIONAL : doubleHasX()', 'isZero(DD) ? YES : doubleHasX()'),
  mutant('take ZZ = 0 for equal points', 'kernel', 'isZero(DD) ? EXCEPTIONAL : doubleHasX()', 'doubleHasX()'),
  mutant('accept equal points', 'kernel', '  if (isZero(L)) return isZero(DD) ? EXCEPTIONAL : doubleHasX();\n', ''),
  mutant('look for equal points at ZZ = 0 only', 'kernel', 'mul(L, T, DD);', 'copy(L, DD);'),
  mutant('accept equal points whatever r is', 'kernel', 'return isX(SUM, SUM + ZZ);', 'return YES;'),
  mutant('refuse equal points whatever r is', 'kernel', 'return isX(SUM, SUM + ZZ);', 'return NO;'),
  mutant('compare r with equal points, not their sum', 'kernel', '  double(SUM, ONE);\n  return isX', '  return isX'),
  mutant('double on another curve', 'kernel', '  double(SUM, ONE);\n  return isX', '  double(SUM, D);\n  return isX'),
  mutant('leave equal points to the fallback', 'kernel', 'isZero(DD) ? EXCEPTIONAL : doubleHasX()', 'EXCEPTIONAL'),
  mutant('believe zz = 0', 'kernel', '  if (isZero(zz)) return EXCEPTIONAL;\n', ''),
  mutant('accept any r for hash 0, by table', 'kernel', ': keySumHasX(slots, table);', ': YES;'),
  mutant('accept any r for hash 0, without a table', 'kernel', ': keySumHasX(IO, D);', ': YES;'),
  mutant(
    'accept any r for hash 0, in a batch',
    'kernel',
    'hashPoint == 0 ? keySumHasX(slots, tableOf(item))',
    'hashPoint == 0 ? YES',
  ),
  mutant(
    'refuse hash 0 in a batch',
    'kernel',
    'hashPoint == 0 ? keySumHasX(slots, tableOf(item))',
    'hashPoint == 0 ? NO',
  ),
  mutant(
    'use the sum before for hash 0',
    'kernel',
    'return sumWithHash(slots) ? sumHasX(slots, table)',
    'sumWithHash(slots);\n  return true ? sumHasX(slots, table)',
  ),
  mutant('leave hash 0 to the fallback', 'kernel', ': keySumHasX(slots, table);', ': EXCEPTIONAL;'),
  mutant(
    'forget d for hash 0',
    'kernel',
    '  mul(W, KEY_SUM + ZZ, d);\n  return isX',
    '  copy(W, KEY_SUM + ZZ);\n  return isX',
  ),
  mutant(
    'accept one sign of the key only',
    'kernel',
    '  mul(T, S1, S2);\n  add(T, T, T);\n  add(T, T, T);\n  sqr(L, L);\n',
    '  mul(T, S1, S2);\n  add(T, T, T);\n  add(T, T, T);\n  mul(L, L, T);\n',
  ),
  mutant(
    'verify under an x of no point',
    'kernel',
    '  if (!stretch()) return NO;\n',
    '  stretch();\n',
    'export function verifyByKey(',
  ),
  mutant(
    'build a table for an x of no point',
    'kernel',
    '  if (!stretch()) return NO;\n',
    '  stretch();\n',
    'export function buildKeyTable(',
  ),
  mutant(
    'recover from an x of no point',
    'kernel',
    '  if (!stretch()) return NO;\n',
    '  stretch();\n',
    'export function recover(',
  ),
  mutant('take every x for a key', 'kernel', 'return isOne(POWER);', 'return true;'),
  mutant('square once too little in the Euler test', 'kernel', 'i < 191; i++) sqr(POWER', 'i < 190; i++) sqr(POWER'),

  mutant(
    'swap the top bits of a state',
    'kernel',
    'load<u8>(state, 31) * START_ROW + top',
    'load<u8>(state, 31) + top * NIBBLES',
  ),
  mutant('forget the carry into the top bits', 'kernel', '248 - STATE_BITS) + carried', '248 - STATE_BITS)'),
  mutant(
    'use one table for both inputs',
    'kernel',
    'listMultiple(end, elements, element, ELEMENT_W, ELEMENT_WINDOWS)',
    'listMultiple(end, states, element, ELEMENT_W, ELEMENT_WINDOWS)',
  ),
  mutant('count the top bits twice', 'kernel', '  store<u8>(element, 0, 31);\n', ''),
  mutant('forget the top bits of an element', 'kernel', 'return top == 0 ? end : append', 'return true ? end : append'),
  mutant('one window too few for a small element', 'kernel', '64 / ELEMENT_W + 1', '64 / ELEMENT_W'),
  mutant('take an element for small', 'kernel', 'load<u64>(element, 8) | load', 'load'),
  mutant('use a kept state for every element', 'kernel', 'n == 1 ? load<u32>(kept) : 0', 'load<u32>(kept)'),
  mutant('use the kept point of the first element', 'kernel', 'load<u32>(kept + (n << 2))', 'load<u32>(kept + 4)'),
  mutant('stop a chain before its last element', 'kernel', 'n <= count; n++', 'n < count; n++'),
  mutant(
    'stop chains before their 15th element',
    'kernel',
    'let n: usize = 1; n < SLOTS; n++',
    'let n: usize = 1; n < SLOTS - 1; n++',
  ),
  mutant(
    'go on with chains that are over',
    'kernel',
    '      if (countOf(item) < n) continue;\n      closeList',
    '      if (countOf(0) < n) continue;\n      closeList',
  ),
  mutant(
    'give a chain the hash of another',
    'kernel',
    'toFelt(IO + item * ITEM, sumOf(lists));',
    'toFelt(IO + item * ITEM, sumOf(0));',
  ),
  mutant(
    'believe the x of infinity',
    'kernel',
    'if (!invert(INVERSE, point + ZZ)) return false;',
    'invert(INVERSE, point + ZZ);',
  ),
  mutant('go on with a chain at infinity', 'kernel', 'if (!writeX(IO, SUM)) return EXCEPTIONAL;', 'writeX(IO, SUM);'),
  mutant('believe hashes of failed sums', 'kernel', 'if (!sumLists(lists)) return EXCEPTIONAL;', 'sumLists(lists);'),
  mutant(
    'believe verdicts of failed sums',
    'kernel',
    'if (!sumLists(2 * items)) return EXCEPTIONAL;',
    'sumLists(2 * items);',
  ),
  mutant('keep points in one place', 'kernel', 'keptPoints + n * AFFINE', 'keptPoints'),
  mutant('keep points over the square roots', 'kernel', 'keptPoints + KEPT_POINTS * AFFINE', 'keptPoints + AFFINE'),

  mutant('forget d in a key table', 'kernel', '  copy(table, D);\n', ''),
  mutant('tables overlap', 'kernel', 'keyTables + n * keyTableBytes();', 'keyTables + n * (keyTableBytes() - AFFINE);'),
  mutant('recover one key twice', 'kernel', 'add(L, S2, S1);', 'sub(L, S2, S1);'),
  mutant('recover on the stretched curve', 'kernel', '  mul(KEY_SUM + ZZZ, KEY_SUM + ZZZ, T);\n', ''),
  mutant(
    'believe the sum of equal points in a recovery',
    'kernel',
    '  if (!invert(INVERSE, W)) {',
    '  invert(INVERSE, W);\n  if (false) {',
  ),
  mutant('recover a point that is not doubled', 'kernel', '    double(SUM, ONE);\n', ''),
  mutant(
    'leave equal points of a recovery to the fallback',
    'kernel',
    '    if (isZero(DD)) return EXCEPTIONAL;\n',
    '    return EXCEPTIONAL;\n',
  ),
  mutant(
    'recover two keys from equal points',
    'kernel',
    '    return writeX(IO, SUM) ? ONE_KEY : EXCEPTIONAL;',
    '    return writeX(IO, SUM) ? YES : EXCEPTIONAL;',
  ),
  mutant(
    'leave the recovery from hash 0 to the fallback',
    'kernel',
    'if (!sumWithHash(IO)) return writeX(IO, KEY_SUM) ? ONE_KEY : EXCEPTIONAL;',
    'if (!sumWithHash(IO)) return EXCEPTIONAL;',
  ),
  mutant('lose a bit of the logarithm', 'square-root', '(i < top ? load<u8>(LOGARITHM + i + 1) << 7 : 0)', '0'),
];

const root = fileURLToPath(new URL('..', import.meta.url));
const engine = join(root, 'src/starknet/engine');
const folder = mkdtempSync(join(tmpdir(), 'engine-mutants-'));
const say = (line: string): unknown => process.stdout.write(`${line}\n`);

function mutated(source: string, { name, original, replacement, after }: Mutant): string {
  const unique = after ?? original;
  const places = source.split(unique).length - 1;
  if (places !== 1) throw new Error(`"${name}" matches ${places} places, not one`);
  const from = source.indexOf(unique);
  const at = source.indexOf(original, from);
  if (at < 0) throw new Error(`"${name}" matches nothing behind its mark`);
  return source.slice(0, at) + replacement + source.slice(at + original.length);
}

/** Builds the sources with one mutant, or unchanged. */
function build(change?: Mutant): string {
  const sources = join(folder, 'assembly');
  cpSync(join(engine, 'assembly'), sources, { recursive: true });
  if (change !== undefined) {
    const file = join(sources, change.file);
    writeFileSync(file, mutated(readFileSync(file, 'utf8'), change));
  }
  const out = join(folder, 'mutant.wasm');
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(engine, 'build.mjs'), '--sources', sources, '--out', out],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`"${change?.name ?? 'the original'}" does not compile:\n${stderr}`);
  return out;
}

function testsPass(wasm: string): boolean {
  const tests = ['engine', 'batches', 'exceptional', 'key-tables', 'load'].map(
    (name) => `starknet/engine/${name}.test.ts`,
  );
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const { status, signal } = spawnSync(process.execPath, [vitest, 'run', '--bail=1', ...tests], {
    cwd: root,
    env: { ...process.env, ENGINE_WASM: wasm },
    // A mutant that never ends is a mutant that is noticed.
    timeout: 120_000,
  });
  return status === 0 && signal === null;
}

const wanted = process.argv.slice(2);
const tried = mutants.filter(({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)));
const survivors: string[] = [];
try {
  if (!testsPass(build())) throw new Error('the tests fail on the unchanged sources');
  for (const change of tried) {
    const survived = testsPass(build(change));
    if (survived) survivors.push(change.name);
    say(`${survived ? 'SURVIVED' : 'killed  '}  ${change.file}: ${change.name}`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
say(`${tried.length - survivors.length} of ${tried.length} mutants killed`);
process.exitCode = survivors.length === 0 ? 0 : 1;

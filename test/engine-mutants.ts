// Breaks the kernel's sources in one place at a time, rebuilds, and requires the short tests to notice: `npm run test:engine:mutants`.
// Takes minutes. Arguments: parts of the names of the mutants to try (default: all).
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Mutant {
  readonly name: string;
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly original: string;
  readonly replacement: string;
}

const mutant = (name: string, file: string, original: string, replacement: string): Mutant => ({
  name,
  file: `${file}.ts`,
  original,
  replacement,
});

const mutants: readonly Mutant[] = [
  mutant('drop a carry of the reduction', 'field', 'const c3 = t3 + (c2 >> BITS);', 'const c3 = t3;'),
  mutant('drop the last carry', 'field', '(c16 >> BITS) + e8', 'e8'),
  mutant('forget a limb of p', 'field', 'c12 = t12 + (c11 >> BITS) - q6 * P6', 'c12 = t12 + (c11 >> BITS)'),
  mutant('skip the final reduction', 'field', 'if (load<i32>(out, 32) < 0) {', 'if (false) {'),
  mutant('drop the carry after the final reduction', 'field', '    carry(out);\n', ''),
  mutant('lose the top bits of an input', 'field', 'bitsAt(bytes, 232, 24)', 'bitsAt(bytes, 232, 16)'),
  mutant('take 1 for 0', 'field', 'let bits = 0;\n  for (let i: usize = 0;', 'let bits = 0;\n  for (let i: usize = 4;'),
  mutant('inverse of the wrong sign', 'inverse', 'if (load<i32>(F, 32) < 0) {', 'if (false) {'),
  mutant('swap without the sign', 'inverse', 'q = -swap;', 'q = swap;'),
  mutant('stop the inversion early', 'inverse', 'ROUNDS: i32 = 26', 'ROUNDS: i32 = 17'),
  mutant('leave a scalar above N / 2', 'scalar', 'isLess(OPPOSITE, a) ? OPPOSITE : a', 'a'),
  mutant(
    'swap the scalars',
    'kernel',
    '  divideUpToSign(SCALAR_1, SCALAR_2, IO, IO + SLOT, IO + 2 * SLOT);\n  const noHash = addMultiple(SUM, true, generator, SCALAR_1, GENERATOR_W, GENERATOR_WINDOWS);\n  const noKey',
    '  divideUpToSign(SCALAR_2, SCALAR_1, IO, IO + SLOT, IO + 2 * SLOT);\n  const noHash = addMultiple(SUM, true, generator, SCALAR_1, GENERATOR_W, GENERATOR_WINDOWS);\n  const noKey',
  ),
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
  mutant('ignore the sign of a digit', 'tables', 'const negative = carry != 0;', 'const negative = false;'),
  mutant('drop the carry between digits', 'tables', 'bitsAt(scalar, i * w, w) + carry;', 'bitsAt(scalar, i * w, w);'),
  mutant('let entries grow beyond their bounds', 'tables', '      settle(next);\n', ''),
  mutant('short last window', 'tables', 'last <= m ? 0 : min(m, last - m)', 'last <= m ? 0 : min(m, last - m) - 1'),
  mutant('drop the carry of the non-adjacent form', 'tables', 'carry = digit >> 4;', 'carry = 0;'),
  mutant('wrong odd multiple', 'tables', '(<usize>abs(digit) >> 1)', '((<usize>abs(digit) >> 1) ^ 1)'),
  mutant('accept ZZ = 0', 'kernel', '  if (isZero(L)) return EXCEPTIONAL;\n', ''),
  mutant('accept equal points', 'kernel', 'mul(L, T, DD);', 'copy(L, DD);'),
  mutant(
    'accept no hash, by table',
    'kernel',
    'if (noHash || noKey) return EXCEPTIONAL;',
    'if (noKey) return EXCEPTIONAL;',
  ),
  mutant(
    'accept no hash, without a table',
    'kernel',
    '  if (noHash || !multiply(KEY_SUM, STRETCHED, STRETCHED_A, SCALAR_2)) return EXCEPTIONAL;\n  return sumHasX(D);',
    '  if (!multiply(KEY_SUM, STRETCHED, STRETCHED_A, SCALAR_2)) return EXCEPTIONAL;\n  return sumHasX(D);',
  ),
  mutant(
    'accept one sign of the key only',
    'kernel',
    '  mul(T, S1, S2);\n  add(T, T, T);\n  add(T, T, T);\n  sqr(L, L);\n',
    '  mul(T, S1, S2);\n  add(T, T, T);\n  add(T, T, T);\n  mul(L, L, T);\n',
  ),
  mutant('take every x for a key', 'kernel', 'return isOne(POWER);', 'return true;'),
  mutant('square once too little in the Euler test', 'kernel', 'i < 191; i++) sqr(POWER', 'i < 190; i++) sqr(POWER'),
  mutant(
    'swap the inputs of a hash',
    'kernel',
    'load<u8>(a, 31) * NIBBLES + load<u8>(b, 31)',
    'load<u8>(b, 31) * NIBBLES + load<u8>(a, 31)',
  ),
  mutant(
    'use one table for both inputs',
    'kernel',
    'addMultiple(SUM, false, pedersenB, b',
    'addMultiple(SUM, false, pedersenA, b',
  ),
  mutant('count the top bits twice', 'kernel', '  store<u8>(b, 0, 31);\n', ''),
  mutant('forget d in a key table', 'kernel', '  copy(table, D);\n', ''),
  mutant('tables overlap', 'kernel', 'keyTables + n * keyTableBytes();', 'keyTables + n * (keyTableBytes() - AFFINE);'),
  mutant('recover one key twice', 'kernel', 'add(L, S2, S1);', 'sub(L, S2, S1);'),
  mutant('recover on the stretched curve', 'kernel', '  mul(KEY_SUM + ZZZ, KEY_SUM + ZZZ, T);\n', ''),
  mutant('lose a bit of the logarithm', 'square-root', '(i < top ? load<u8>(LOGARITHM + i + 1) << 7 : 0)', '0'),
];

const root = fileURLToPath(new URL('..', import.meta.url));
const engine = join(root, 'src/starknet/engine');
const folder = mkdtempSync(join(tmpdir(), 'engine-mutants-'));
const say = (line: string): unknown => process.stdout.write(`${line}\n`);

/** Builds the sources with one mutant, or unchanged. */
function build(change?: Mutant): string {
  const sources = join(folder, 'assembly');
  cpSync(join(engine, 'assembly'), sources, { recursive: true });
  if (change !== undefined) {
    const file = join(sources, change.file);
    const parts = readFileSync(file, 'utf8').split(change.original);
    if (parts.length !== 2) throw new Error(`"${change.name}" matches ${parts.length - 1} places, not one`);
    writeFileSync(file, parts.join(change.replacement));
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
  const tests = ['engine', 'exceptional', 'key-tables', 'load'].map((name) => `starknet/engine/${name}.test.ts`);
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

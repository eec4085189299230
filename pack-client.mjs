// npm run pack:client: makes the package countersign-client of the same sources: what src/client/main.ts and the owner's commands load, and
// nothing of the server. Arguments go to npm pack (--pack-destination).
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const root = import.meta.dirname;
const DIST = join(root, 'dist');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
/** Its only ones. Versions are those of the server's package. */
const DEPENDENCIES = ['@noble/curves', '@noble/hashes', '@scure/starknet'];
const entries = ['client/main.js', 'owner/main.js'].filter((file) =>
  existsSync(join(root, 'src', file.replace(/js$/, 'ts'))),
);

const run = (program, args, cwd) => {
  const { status } = spawnSync(program, args, { cwd, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
};
run(process.execPath, [join(root, 'build.mjs')], root);

const imported =
  /^(?:(?:import|export|\})[^'"\n]*\bfrom|import)\s*['"]([^'"\n]+)['"]|\bimport\(\s*['"]([^'"\n]+)['"]/gm;
/** What a compiled file names: relative files as they lie in dist, and packages. */
const named = (file) =>
  [...readFileSync(file, 'utf8').matchAll(imported)]
    .map(([, by, lazily]) => by ?? lazily)
    .map((target) => (target.startsWith('.') ? resolve(dirname(file), target) : target));
const outside = new Set();
/** All that `from` loads, and `from`. Of declarations also what only types name. */
function closureOf(from, actual) {
  const found = new Set(from.map((file) => join(DIST, file)));
  for (const file of found)
    for (const target of named(file)) {
      if (target.startsWith(DIST)) found.add(actual(target));
      else if (!target.startsWith(root)) outside.add(target);
    }
  return found;
}
const code = closureOf(entries, (file) => file);
const types = closureOf(['client/main.d.ts'], (file) => file.replace(/(?:\.d)?\.[jt]s$/, '.d.ts'));

const strangers = [...outside].filter(
  (name) => !name.startsWith('node:') && !DEPENDENCIES.some((own) => name === own || name.startsWith(`${own}/`)),
);
if (strangers.length > 0) {
  process.stderr.write(`countersign-client would need ${strangers.sort().join(', ')}, which it must not\n`);
  process.exit(1);
}

const staged = mkdtempSync(join(tmpdir(), 'countersign-client-'));
const put = (to, text) => {
  mkdirSync(dirname(join(staged, to)), { recursive: true });
  writeFileSync(join(staged, to), text);
};
const inPackage = (file) => join('dist', file.slice(DIST.length + 1));
for (const file of code) put(inPackage(file), readFileSync(file));
// Declarations keep the endings of the sources, which older compilers do not find.
for (const file of types)
  put(inPackage(file), readFileSync(file, 'utf8').replace(/(['"]\.{1,2}\/[^'"\n]+)\.ts(?=['"])/g, '$1.js'));
for (const file of ['LICENSE']) copyFileSync(join(root, file), join(staged, file));
if (existsSync(join(root, 'docs/client.md'))) {
  // Links to other pages lead nowhere from here: their words stay.
  const page = readFileSync(join(root, 'docs/client.md'), 'utf8');
  put('README.md', page.replace(/\[([^\]]+)\]\((?!https:|#)[^)]+\)/g, '$1'));
}
const owners = entries.includes('owner/main.js');
put(
  'package.json',
  `${JSON.stringify(
    {
      name: 'countersign-client',
      version: manifest.version,
      description:
        "The client of Countersign, the credential service of a trading venue: signs in, signs orders, manages an account's keys. Runs in browsers and Node.js.",
      license: manifest.license,
      type: 'module',
      sideEffects: false,
      engines: { node: '>=22' },
      ...(owners ? { bin: { 'countersign-client': 'dist/owner/main.js' } } : {}),
      exports: {
        '.': { types: './dist/client/main.d.ts', default: './dist/client/main.js' },
        './package.json': './package.json',
      },
      dependencies: Object.fromEntries(DEPENDENCIES.map((name) => [name, manifest.dependencies[name]])),
    },
    null,
    2,
  )}\n`,
);
const npm = process.env.npm_execpath;
const args = ['pack', staged, ...process.argv.slice(2)];
try {
  if (npm === undefined) run('npm', args, process.cwd());
  else run(process.execPath, [npm, ...args], process.cwd());
} finally {
  rmSync(staged, { recursive: true, force: true });
}

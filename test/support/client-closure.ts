// All that the client library imports, types included, in the sources or in a build of them.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

export interface ClosureFile {
  /** From the root, with its ending. */
  readonly file: string;
  /** Without comments. */
  readonly code: string;
  /** Packages and everything else that is no file of ours. */
  readonly packages: readonly string[];
}

const withoutComments = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');

const imported = /(?:\bfrom\s*|\bimport\s*\(?\s*)['"]([^'"]+)['"]/g;

/** Of `root` (src or dist): files ending in `ending` that src/client is made of and reaches. */
export function clientClosure(root: string, ending: '.ts' | '.js' | '.d.ts'): readonly ClosureFile[] {
  const isOne = (name: string): boolean => name.endsWith(ending) && (ending === '.d.ts' || !name.endsWith('.d.ts'));
  const found = new Set(
    readdirSync(join(root, 'client'), { recursive: true, encoding: 'utf8' })
      .filter(isOne)
      .map((name) => join(root, 'client', name)),
  );
  const files: ClosureFile[] = [];
  for (const path of found) {
    const code = withoutComments(readFileSync(path, 'utf8'));
    const targets = [...code.matchAll(imported)].map(([, target = '']) => target);
    for (const target of targets) {
      if (target.startsWith('.')) found.add(resolve(dirname(path), target).replace(/\.(?:ts|js)$/, ending));
    }
    files.push({ file: relative(root, path), code, packages: targets.filter((target) => !target.startsWith('.')) });
  }
  return files;
}

/** What a browser does not have. */
export const nodeWords = /\bnode:|\bBuffer\b|\bprocess\b|\bNodeJS\b|\b__dirname\b|\brequire\s*\(/;

/** The packages that whoever installs the client installs with it. */
export const clientPackages = /^(?:@noble\/(?:curves|hashes)\/[a-z0-9/-]+\.js|@scure\/starknet)$/;

// How the console is built: `dist/console`, to be served by our own front under the policy of its documents (docs/console.md).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig, type Plugin, type Rolldown } from 'vite';

/** A classic script in front of everything, so that the first paint has the reader's theme: hashed like the other files. */
function beforePaint(): Plugin {
  const name = 'theme-before-paint.js';
  return {
    name: 'before-paint',
    apply: 'build',
    buildStart() {
      const file = join(import.meta.dirname, name);
      this.addWatchFile(file);
      this.emitFile({ type: 'asset', name, source: readFileSync(file, 'utf8') });
    },
    transformIndexHtml: {
      order: 'post',
      handler(_html, { bundle }) {
        const file = Object.values(bundle ?? {}).find(
          (output) => output.type === 'asset' && output.names.includes(name),
        );
        if (file === undefined) throw new Error(`${name} was not emitted`);
        return [{ tag: 'script', attrs: { src: `/console/${file.fileName}` }, injectTo: 'head-prepend' }];
      },
    },
  };
}

/** A signature is two numbers here: the other form of one that the curve library writes and reads is left out, and throws. */
function withoutDer(): Plugin {
  const name = '\0without-der';
  return {
    name: 'without-der',
    enforce: 'pre',
    resolveId: (id, importer = '') =>
      /[/]@noble[/]curves[/]abstract[/]weierstrass[.]js$/.test(importer) && id === './der.js' ? name : null,
    load: (id) => (id === name ? 'export const DER = undefined, DERErr = undefined;' : null),
  };
}

/** The licence of each font beside it, as the one of every package is: both ask to go where what they are for goes. */
function fontLicences(): Plugin {
  return {
    name: 'font-licences',
    apply: 'build',
    buildStart() {
      for (const font of ['inter', 'jetbrains-mono']) {
        const file = join(import.meta.dirname, '../node_modules/@fontsource-variable', font, 'LICENSE');
        this.emitFile({ type: 'asset', fileName: `${font}-licence.txt`, source: readFileSync(file, 'utf8') });
      }
    },
  };
}

type Modules = Pick<Parameters<Rolldown.CodeSplittingNameFunction>[1], 'getModuleInfo'>;

const at = (...files: readonly string[]): readonly string[] => files.map((file) => join(import.meta.dirname, file));
const FIRST = at('app/start.ts');
const EVERYBODY = at('app/main.tsx', 'pages/sign-in/page.tsx');
const SIGNED_IN = at('app/shell/signed-in-only.tsx', 'pages/keys/page.tsx');
const OTHERS = at(
  'pages/hand-off/page.tsx',
  'pages/sign-in/with-key.tsx',
  'pages/sign-in/with-new.tsx',
  'pages/sign-in/wallets/with-wallet.tsx',
);

/** What these files load at once. */
function loadedWith(files: readonly string[], modules: Modules): ReadonlySet<string> {
  const found = new Set(files);
  for (const id of found) for (const imported of modules.getModuleInfo(id)?.importedIds ?? []) found.add(imported);
  return found;
}

const findGroup = (modules: Modules) => {
  const [first, everybody, signedIn, others] = [FIRST, EVERYBODY, SIGNED_IN, OTHERS].map((of) =>
    loadedWith(of, modules),
  );
  return (id: string): string | null => {
    // Whoever is turned away loads nothing more; pages stay files of their own.
    if (first?.has(id) || EVERYBODY.includes(id) || SIGNED_IN.includes(id)) return null;
    if (everybody?.has(id)) return 'everybody';
    return signedIn?.has(id) && !others?.has(id) ? 'signed-in' : null;
  };
};

const found = new WeakMap<Modules, (id: string) => string | null>();

/** Of fifty small files that a page is made of, each a request, two: what everybody loads, and what everybody who is signed in does. */
function groupOf(id: string, modules: Modules): string | null {
  const find = found.get(modules) ?? findGroup(modules);
  found.set(modules, find);
  return find(id);
}

export default defineConfig({
  root: import.meta.dirname,
  base: '/console/',
  publicDir: false,
  plugins: [beforePaint(), withoutDer(), fontLicences()],
  build: {
    outDir: join(import.meta.dirname, '../dist/console'),
    emptyOutDir: true,
    target: 'es2023',
    // A data: URL would be a second way in for a style sheet or a picture, and browsers of the supported years preload by themselves.
    assetsInlineLimit: 0,
    // One style sheet of 10 KB: pages that come later bring no rules that move what is there.
    cssCodeSplit: false,
    license: { fileName: 'third-party-licences.md' },
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        codeSplitting: {
          includeDependenciesRecursively: false,
          groups: [{ name: groupOf, debugName: 'by who loads it' }],
        },
      },
      // 'use client' marks a module for servers that render pages: there is none.
      onwarn: (warning, warn) => {
        if (warning.code !== 'MODULE_LEVEL_DIRECTIVE') warn(warning);
      },
    },
  },
  worker: { format: 'es', plugins: () => [withoutDer()], rolldownOptions: { output: { comments: false } } },
});

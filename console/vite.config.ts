// How the console is built: `dist/console`, to be served by our own front under the policy of its documents (docs/console.md).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig, type Plugin } from 'vite';

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

export default defineConfig({
  root: import.meta.dirname,
  base: '/console/',
  publicDir: false,
  plugins: [beforePaint()],
  build: {
    outDir: join(import.meta.dirname, '../dist/console'),
    emptyOutDir: true,
    target: 'es2023',
    // A data: URL would be a second way in for a style sheet or a picture, and browsers of the supported years preload by themselves.
    assetsInlineLimit: 0,
    // One style sheet of 10 KB: pages that come later bring no rules that move what is there.
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      // 'use client' marks a module for servers that render pages: there is none.
      onwarn: (warning, warn) => {
        if (warning.code !== 'MODULE_LEVEL_DIRECTIVE') warn(warning);
      },
    },
  },
  worker: { format: 'es' },
});

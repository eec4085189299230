// /docs: openapi.json for people, shown by Swagger UI from our own origin, under a policy that allows no inline script, no inline style
// and nobody else's address. Its files are those of @fastify/swagger-ui; swagger-ui-dist has them, too, and an install script.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import manifest from '../../package.json' with { type: 'json' };
import { listedPages } from './pages.ts';

export interface HtmlPage {
  readonly html: string;
  /** Of the answer that carries it: without them a browser would allow more. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface ViewerFile {
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Buffer;
  readonly gzipped: Buffer;
}

const style = `
body { margin: 0 }
.countersign { font: 16px/1.5 system-ui, sans-serif; max-width: 1460px; margin: 0 auto; padding: 1rem 20px 0; box-sizing: border-box }
`;

// "Try it out" and "Authorize" are off: a page of ours is no place to paste a key. HEAD is what GET is, as the introduction says once.
const start = `
const answer = await fetch('/openapi.json');
const spec = await answer.json();
for (const path of Object.values(spec.paths)) delete path.head;
SwaggerUIBundle({
  spec,
  dom_id: '#api',
  deepLinking: true,
  showExtensions: true,
  showCommonExtensions: true,
  supportedSubmitMethods: [],
  validatorUrl: null,
  plugins: [{ wrapComponents: { authorizeBtn: () => () => null, authorizeOperationBtn: () => () => null } }],
});
`;

const packaged = createRequire(import.meta.url);
const fromPackage = (name: string) => readFile(packaged.resolve(`@fastify/swagger-ui/static/${name}`));
const version: string = packaged('@fastify/swagger-ui/package.json').version;

/** By their name in /docs/{name}. */
const contents: ReadonlyMap<string, { readonly type: string; read(): Promise<Buffer> }> = new Map([
  ['viewer.js', { type: 'text/javascript', read: () => fromPackage('swagger-ui-bundle.js') }],
  [
    'viewer.css',
    { type: 'text/css', read: async () => Buffer.concat([await fromPackage('swagger-ui.css'), Buffer.from(style)]) },
  ],
  ['start.js', { type: 'text/javascript', read: async () => Buffer.from(start) }],
]);

const release = `${manifest.version}-${version}`;
/** The address names the release, so that a browser may keep the file for as long as it likes. */
const addressOf = (name: string): string => `/docs/${name}?v=${release}`;

/**
 * `query`: of the request. Any other address may mean other bytes tomorrow: a shared cache would serve a file of this release under the
 * address of the next.
 */
export const keptFor = (query: string): string =>
  query === `v=${release}` ? 'public, max-age=31536000, immutable' : 'no-store';

export interface Viewer {
  /** Read and compressed when it is first asked for; undefined for a name that is no file of the page. */
  file(name: string): Promise<ViewerFile> | undefined;
}

export function createViewer(): Viewer {
  const files = new Map<string, Promise<ViewerFile>>();
  return {
    file(name) {
      const content = contents.get(name);
      if (content === undefined) return undefined;
      const known = files.get(name);
      if (known !== undefined) return known;
      const file = content.read().then(async (bytes) => ({
        headers: {
          'Content-Type': `${content.type}; charset=utf-8`,
          'X-Content-Type-Options': 'nosniff',
        },
        bytes,
        gzipped: await promisify(gzip)(bytes),
      }));
      files.set(name, file);
      // Asked for again, it is read again.
      file.catch(() => files.delete(name));
      return file;
    },
  };
}

const linkTo = (name: string): string =>
  `<a href="/docs/${name}">${name.replace(/\.md$/, '').replaceAll('-', ' ')}</a>`;

/** The pages by group, as links: for people, llms.txt is one step too many. */
const pagesByGroup = listedPages
  .map(({ group, pages }) => `<li>${group}: ${pages.map(({ name }) => linkTo(name)).join(', ')}</li>`)
  .join('\n');

const elsewhere = `<p>How to sign, what to do when a key is out, and how to run it (the pages of this release, as Markdown):</p>
<ul>
${pagesByGroup}
<li>For programs: <a href="/openapi.json">openapi.json</a>, <a href="/llms.txt">llms.txt</a>, all pages as one text <a href="/llms-full.txt">llms-full.txt</a></li>
</ul>`;

/** At /docs. */
export const docsPage: HtmlPage = htmlPage(
  'Countersign API',
  `<div class="countersign">
${elsewhere}
<noscript><p>The API itself is shown below with JavaScript only; openapi.json says the same, and the pages above need none.</p></noscript>
</div>
<div id="api"></div>`,
  {
    head: `<link rel="icon" href="data:,">
<link rel="stylesheet" href="${addressOf('viewer.css')}">
<script src="${addressOf('viewer.js')}" defer></script>
<script src="${addressOf('start.js')}" type="module"></script>`,
    policy: "script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'",
  },
);

/** At /, for whoever opens the address of an API in a browser. `consoleAt`: the address of the console; undefined where there is none. */
export const frontPage = (consoleAt: string | undefined): HtmlPage =>
  htmlPage(
    'Countersign',
    `<h1>Countersign <small>${manifest.version}</small></h1>
<p>This is an API. What it can do is at <a href="/docs">/docs</a>.</p>
${consoleAt === undefined ? '' : `<p>The keys of your account are at <a href="${consoleAt}">${consoleAt}</a>.</p>`}
${elsewhere}`,
  );

/** `policy`: what the page may load, besides nothing. */
function htmlPage(title: string, body: string, { head = '', policy = '' } = {}): HtmlPage {
  const directives = ["default-src 'none'", policy, "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"];
  return {
    html: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
${head}
</head>
<body>
${body}
</body>
</html>
`,
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': directives.filter((directive) => directive !== '').join('; '),
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'no-referrer',
      'Cross-Origin-Opener-Policy': 'same-origin',
    },
  };
}

// openapi.json for people: one page of plain HTML without a script, an image or an address of anybody else.
// Every text is escaped; the style sheet is the only thing the page may use, and its hash says so.
import { createHash } from 'node:crypto';
import manifest from '../../package.json' with { type: 'json' };
import { isObject, type Json, type JsonObject } from '../wire/json.ts';

export interface HtmlPage {
  readonly html: string;
  /** Of the answer that carries it: without them a browser would allow more. */
  readonly headers: Readonly<Record<string, string>>;
}

const style = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; color: #1a1a1a; background: #fff }
h1, h2, h3 { line-height: 1.25 } h2 { margin-top: 3rem; border-bottom: 2px solid } h3 { margin-top: 2.5rem }
code { font: 0.9em ui-monospace, monospace; overflow-wrap: anywhere }
table { border-collapse: collapse; width: 100%; margin: 0.75rem 0 } caption { text-align: left; font-weight: 600 }
th, td { border: 1px solid #999; padding: 0.25rem 0.5rem; text-align: left; vertical-align: top } th { background: #eee }
a { color: #00458b } nav ul { columns: 20rem; padding-left: 1.25rem }
@media (prefers-color-scheme: dark) {
  body { color: #eee; background: #151515 } th { background: #333 } a { color: #8cc4ff } th, td { border-color: #777 }
}
`;

const styleHash = createHash('sha256').update(style).digest('base64');

/** The page of one document of describeApi. */
export function docsPage(document: JsonObject): HtmlPage {
  const tags = listAt(document, 'tags').map((tag) => (isObject(tag) ? textAt(tag, 'name') : ''));
  const groups = new Map(tags.map((name) => [name, [] as Operation[]]));
  for (const operation of operationsOf(document)) {
    groups.set(operation.group, [...(groups.get(operation.group) ?? []), operation]);
  }
  const info = objectAt(document, 'info');
  const introduction = textAt(info, 'description').split('\n\n');
  return htmlPage(
    'Countersign API',
    `<h1>Countersign API <small>${escaped(textAt(info, 'version'))}</small></h1>
${introduction.map((paragraph) => `<p>${escaped(paragraph)}</p>`).join('\n')}
${elsewhere}
<nav aria-label="Operations"><ul>
${[...groups.keys()].map((group) => `<li><a href="#${slug(group)}">${escaped(group)}</a></li>`).join('\n')}
<li><a href="#headers">Headers of answers</a></li>
<li><a href="#errors">Errors</a></li>
</ul></nav>
${[...groups].map(([group, operations]) => section(group, operations, document)).join('\n')}
<h2 id="headers">Headers of answers</h2>
${table('Headers', ['header', 'meaning'], headerRows(document))}
<h2 id="errors">Errors</h2>
<p>An error is an object of exactly three members. A 429 has only the message.</p>
${membersTable('Error', schemaNamed(document, 'Error'))}`,
  );
}

/** What stands at `/`, for whoever opens the address of an API in a browser. */
export function frontPage(): HtmlPage {
  const version = escaped(manifest.version);
  return htmlPage(
    'Countersign',
    `<h1>Countersign <small>${version}</small></h1>
<p>This is an API. What it can do is at <a href="/docs">/docs</a>.</p>
${elsewhere}`,
  );
}

const elsewhere =
  '<p>How to sign, what to do when a key is out, and how to run it: <a href="/llms.txt">llms.txt</a>, all as one text ' +
  '<a href="/llms-full.txt">llms-full.txt</a>. For programs: <a href="/openapi.json">openapi.json</a>.</p>';

function htmlPage(title: string, body: string): HtmlPage {
  return {
    html: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${style}</style>
</head>
<body>
${body}
</body>
</html>
`,
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'no-referrer',
      'Cross-Origin-Opener-Policy': 'same-origin',
    },
  };
}

// --- the document, read ---

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly group: string;
  readonly node: JsonObject;
}

function operationsOf(document: JsonObject): readonly Operation[] {
  return Object.entries(objectAt(document, 'paths')).flatMap(([path, methods]) =>
    Object.entries(isObject(methods) ? methods : {}).flatMap(([method, node]) => {
      // HEAD is what GET is: the introduction says so once.
      if (!isObject(node) || method === 'head') return [];
      const [group] = listAt(node, 'tags');
      return { method: method.toUpperCase(), path, group: typeof group === 'string' ? group : 'Other', node };
    }),
  );
}

const objectAt = (node: JsonObject, member: string): JsonObject => {
  const value = node[member];
  return isObject(value) ? value : {};
};
const listAt = (node: JsonObject, member: string): readonly Json[] => {
  const value = node[member];
  return Array.isArray(value) ? value : [];
};
const textAt = (node: JsonObject, member: string): string => {
  const value = node[member];
  return typeof value === 'string' ? value : '';
};
/** The last part of a reference; empty when it is none. */
const nameIn = (node: JsonObject): string => textAt(node, '$ref').split('/').at(-1) ?? '';
const schemaNamed = (document: JsonObject, name: string): JsonObject =>
  objectAt(objectAt(objectAt(document, 'components'), 'schemas'), name);

// --- its parts as HTML ---

function section(group: string, operations: readonly Operation[], document: JsonObject): string {
  const heading = `<h2 id="${slug(group)}">${escaped(group)}</h2>`;
  if (operations.every(({ node }) => node['x-served-by'] === 'venue')) {
    const rows = operations.map(({ method, path, node }) => [
      code(`${method} ${path}`),
      code(textAt(node, 'x-access')),
      code(textAt(node, 'x-rate-limit')),
    ]);
    return `${heading}\n${table('Forwarded', ['operation', 'access', 'rate limit'], rows)}`;
  }
  return [heading, ...operations.map((operation) => article(operation, document))].join('\n');
}

function article({ method, path, node }: Operation, document: JsonObject): string {
  const parameters = listAt(node, 'parameters')
    .filter(isObject)
    .map((parameter) => [
      code(textAt(parameter, 'name')),
      escaped(textAt(parameter, 'in')),
      parameter.required === true ? 'yes' : 'no',
      escaped(textAt(parameter, 'description')),
    ]);
  const body = objectAt(node, 'requestBody');
  const responses = Object.entries(objectAt(node, 'responses'));
  const extension = node['x-extension'] === true ? ' Not in Paradex.' : '';
  return [
    `<h3 id="${escaped(textAt(node, 'operationId'))}"><code>${escaped(`${method} ${path}`)}</code></h3>`,
    `<p>${escaped(textAt(node, 'summary'))}.${extension}</p>`,
    textAt(node, 'description') === '' ? '' : `<p>${escaped(textAt(node, 'description'))}</p>`,
    `<p>Access ${code(textAt(node, 'x-access'))}, rate limit ${code(textAt(node, 'x-rate-limit'))}.</p>`,
    parameters.length === 0 ? '' : table('Parameters', ['name', 'in', 'required', 'meaning'], parameters),
    contentTable(body.required === true ? 'Body' : 'Body (may be left out)', body, document),
    ...responses
      .filter(([status]) => status.startsWith('2'))
      .map(([status, answer]) => contentTable(`Answer ${status}`, isObject(answer) ? answer : {}, document)),
    table(
      'Refusals',
      ['status', 'codes'],
      responses
        .filter(([status]) => !status.startsWith('2'))
        .map(([status, answer]) => [escaped(status), refusalText(isObject(answer) ? answer : {}, document)]),
    ),
  ]
    .filter((part) => part !== '')
    .join('\n');
}

function refusalText(answer: JsonObject, document: JsonObject): string {
  const shared = objectAt(objectAt(objectAt(document, 'components'), 'responses'), nameIn(answer));
  return escaped(textAt(answer, 'description') || textAt(shared, 'description'));
}

function contentTable(caption: string, holder: JsonObject, document: JsonObject): string {
  return Object.entries(objectAt(holder, 'content'))
    .map(([type, content]) => {
      const schema = isObject(content) ? objectAt(content, 'schema') : {};
      return membersTable(`${caption}: ${type}`, resolved(schema, document), document);
    })
    .join('\n');
}

function resolved(schema: JsonObject, document: JsonObject): JsonObject {
  const name = nameIn(schema);
  return name === '' ? schema : schemaNamed(document, name);
}

/** Members of members are named with a dot; of lists with `[]`. */
function membersTable(caption: string, schema: JsonObject, document: JsonObject = {}): string {
  const rows = memberRows(schema, '', document);
  return rows.length === 0
    ? `<p>${escaped(caption)}.</p>`
    : table(caption, ['member', 'type', 'required', 'meaning'], rows);
}

function memberRows(schema: JsonObject, prefix: string, document: JsonObject): readonly (readonly string[])[] {
  const required = listAt(schema, 'required');
  return Object.entries(objectAt(schema, 'properties')).flatMap(([name, raw]) => {
    const member = isObject(raw) ? raw : {};
    const inner = resolved(member, document);
    const items = resolved(objectAt(inner, 'items'), document);
    const row = [
      code(prefix + name),
      escaped(typeOf(inner)),
      required.includes(name) ? 'yes' : 'no',
      escaped(textAt(member, 'description')),
    ];
    return [
      row,
      ...memberRows(inner, `${prefix}${name}.`, document),
      ...memberRows(items, `${prefix}${name}[].`, document),
    ];
  });
}

function typeOf(schema: JsonObject): string {
  const choices = listAt(schema, 'anyOf').filter(isObject).map(typeOf);
  if (choices.length > 0) return choices.join(' or ');
  const { type } = schema;
  return Array.isArray(type) ? type.join(' or ') : typeof type === 'string' ? type : 'any';
}

function headerRows(document: JsonObject): readonly (readonly string[])[] {
  const headers = objectAt(objectAt(document, 'components'), 'headers');
  return Object.entries(headers).map(([name, header]) => [
    code(name),
    escaped(isObject(header) ? textAt(header, 'description') : ''),
  ]);
}

/** Cells are HTML already. */
function table(caption: string, columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = columns.map((column) => `<th scope="col">${escaped(column)}</th>`).join('');
  const lines = rows.map((cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`);
  return `<table><caption>${escaped(caption)}</caption>\n<tr>${head}</tr>\n${lines.join('\n')}\n</table>`;
}

const code = (text: string): string => `<code>${escaped(text)}</code>`;
const slug = (text: string): string => text.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? '');

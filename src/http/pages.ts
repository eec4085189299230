// The documentation of this very release as plain Markdown: the pages themselves, an index of them for tools that read documentation
// (https://llmstxt.org), and all of them as one text. Read once at start, from beside the source; a missing page is not served.
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import manifest from '../../package.json' with { type: 'json' };

interface Listed {
  /** As in /docs/{page}. */
  readonly name: string;
  /** From the root of the release. */
  readonly file: string;
  /** The subject of the page: the end of a sentence. */
  readonly about: string;
}

const docs = (name: string, about: string): Listed => ({ name, file: `docs/${name}`, about });

/** In the order in which they are listed. `Optional` is llmstxt.org's word for pages that may be left out. */
export const listedPages: readonly { readonly group: string; readonly pages: readonly Listed[] }[] = [
  {
    group: 'Start here',
    pages: [
      {
        name: 'readme.md',
        file: 'README.md',
        about: 'what it is, a first key in five minutes, how a request is decided',
      },
    ],
  },
  {
    group: 'For traders and authors of bots',
    pages: [
      docs('first-five-minutes.md', 'curl, ccxt, paradex-py: from a key to an order, each to copy'),
      docs('give-a-bot-a-key.md', 'a subkey for trading, a token for reading, and what each may do'),
      docs('commands.md', 'how an owner manages keys from a terminal, and keeps no main key on disk'),
      docs('client.md', 'the client library for TypeScript: sign in, trade, manage keys, hand a key to a phone'),
      docs('leaked-key.md', 'what to press, in which order, and how to prove afterwards what was done'),
      docs(
        'wire.md',
        'how to sign logins, subkeys and orders, byte by byte; bearers, errors, rate limits, retries, clocks',
      ),
      docs('orders.md', 'what the signature of an order covers, the accepted form of its body, repeats'),
      docs('errors.md', 'every error code and every reason of a refusal'),
    ],
  },
  {
    group: 'For operators',
    pages: [
      docs('deploying.md', 'systemd, Docker, Kubernetes, TLS, and what to check before the first client'),
      docs('nginx.md', 'a proxy in front, with a configuration to copy'),
      docs(
        'console.md',
        'the page on which owners manage keys: its settings, a host of its own, what a venue on the same origin loses',
      ),
      docs('configuration.md', 'every setting, its default and its meaning'),
      docs('operator.md', 'the operator API and commands, readiness, the log, backup and restore, the clock'),
      docs(
        'what-can-be-proved.md',
        'what the audit log, usage, addresses and the lines about requests prove, and what not',
      ),
      docs('rotate.md', 'how to replace signing keys, certificates, the operator token and the upstream secret'),
      docs('upgrade.md', 'how to go to a newer release, and back'),
      docs('route-table.md', 'which requests are forwarded, and an API of your own behind the gateway'),
      docs('metrics.md', 'every figure for Prometheus'),
      { name: 'security.md', file: 'SECURITY.md', about: 'what is protected from whom, and what is not' },
    ],
  },
  {
    group: 'Optional',
    pages: [
      docs('engine.md', 'the Stark-curve engine and how it is checked'),
      docs('rules.md', 'each rule, the file that decides it, and the test that holds it'),
      docs('decisions.md', 'names, claims and defaults that could have been otherwise, each with its reason'),
      docs('benchmarks.md', 'all figures and how they were measured'),
      { name: 'changelog.md', file: 'CHANGELOG.md', about: 'what changed in which release' },
    ],
  },
];

export interface Pages {
  /** /llms.txt */
  readonly index: string;
  /** /llms-full.txt */
  readonly full: string;
  /** The Markdown of /docs/{name}; undefined for a name that is no page. */
  page(name: string): string | undefined;
}

const summary =
  "Countersign is the credential service of a trading venue and the gateway in front of its API, wire-compatible with Paradex's API: logins by Stark key or Ethereum wallet, trade-only subkeys, read-only tokens, address allowlists, revocation. These are the documents of the release that answers here.";

/** `root`: the folder of the release. A page that cannot be read there is left out of all three. */
export function readPages(root: URL = new URL('../../', import.meta.url)): Pages {
  const texts = new Map<string, string>();
  for (const { name, file } of listedPages.flatMap(({ pages }) => pages)) {
    const text = textOf(new URL(file, root));
    if (text !== undefined) texts.set(name, served(text, file));
  }
  const groups = listedPages
    .map(({ group, pages }) => ({ group, pages: pages.filter(({ name }) => texts.has(name)) }))
    .filter(({ pages }) => pages.length > 0);
  const programs = '\n## For programs\n\n- [openapi.json](/openapi.json): the whole API as OpenAPI 3.1\n';
  const whole = '- [llms-full.txt](/llms-full.txt): all pages below as one text\n';
  return {
    index: `# Countersign ${manifest.version}\n\n> ${summary}\n${programs}${whole}${groups.map(listing).join('')}`,
    full: [`# Countersign ${manifest.version}\n\n> ${summary}\n`, ...texts.values()].join('\n\n---\n\n'),
    page: (name) => texts.get(name),
  };

  function listing({ group, pages }: (typeof groups)[number]): string {
    const lines = pages.map(({ name, about }) => `- [${titleOf(texts.get(name) ?? '')}](/docs/${name}): ${about}\n`);
    return `\n## ${group}\n\n${lines.join('')}`;
  }
}

/** The whole text of docs/README.md: the same list, with links as they are in the source. */
export function sourceIndex(root: URL = new URL('../../', import.meta.url)): string {
  const line = ({ file, about }: Listed): string =>
    `- [${titleOf(textOf(new URL(file, root)) ?? '')}](${posix.relative('docs', file)}): ${about}\n`;
  const groups = listedPages.map(({ group, pages }) => `\n## ${group}\n\n${pages.map(line).join('')}`);
  return `# Documentation\n\n<!-- Generated from src/http/pages.ts: npx node src/http/pages.ts > docs/README.md -->\n\nA running server serves these pages, too: /llms.txt lists them, /llms-full.txt is all of them.\n${groups.join('')}`;
}

export const titleOf = (markdown: string): string => /^# (.+)$/m.exec(markdown)?.[1] ?? '';

function textOf(file: URL): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

const byFile = new Map(listedPages.flatMap(({ pages }) => pages).map(({ name, file }) => [file, `/docs/${name}`]));
byFile.set('docs/openapi.json', '/openapi.json');

// A link to a page that we serve stays a link. A link into the source becomes text: we do not serve the source.
function served(markdown: string, file: string): string {
  return outsideCode(markdown, (text) =>
    text
      .replaceAll(/^<!--.*-->\n\n?/gm, '')
      .replaceAll(/\[([^\]\n]+(?:\n[^\]\n]+)?)\]\(([^)\s]+)\)/g, (link, words: string, target: string) => {
        if (/^(?:#|https?:|\/)/.test(target)) return link;
        const [path = '', anchor] = target.split('#');
        const meant = posix.join(posix.dirname(file), path);
        const at = byFile.get(meant);
        if (at === undefined) return `${words} (${meant} in the source)`;
        return `[${words}](${at}${anchor === undefined ? '' : `#${anchor}`})`;
      }),
  );
}

/** `change` sees the text between fenced blocks. */
const outsideCode = (markdown: string, change: (text: string) => string): string =>
  markdown
    .split(/(^```.*?^```$)/ms)
    .map((part) => (part.startsWith('```') ? part : change(part)))
    .join('');

if (import.meta.main) process.stdout.write(sourceIndex());

// The metrics and labels that a PromQL expression names: enough of the language for the files under deploy/, and no more.

export interface Named {
  readonly metric: string;
  /** From the braces behind it. */
  readonly matchers: readonly { readonly label: string; readonly value: string }[];
}

export interface Expression {
  readonly selectors: readonly Named[];
  /** From by (...) and without (...). */
  readonly grouped: readonly string[];
}

const KEYWORDS: ReadonlySet<string> = new Set(['and', 'or', 'unless', 'bool', 'on', 'ignoring', 'inf', 'nan']);
const TOKEN =
  /(?<group>\b(?:by|without)\s*\((?<labels>[^)]*)\))|(?<![\w.])(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?![\w:])(?!\s*(?:\(|by\b|without\b))(?:\{(?<inner>[^}]*)\})?(?:\[[^\]]*\])?|(?<text>"[^"]*")/g;
const MATCHER = /\s*([a-zA-Z_]\w*)\s*(=~|!~|!=|=)\s*"([^"]*)"\s*(?:,|$)/y;

/** Throws for what it cannot read. */
export function readExpression(text: string): Expression {
  const selectors: Named[] = [];
  const grouped: string[] = [];
  for (const { groups = {} } of text.matchAll(TOKEN)) {
    const { labels, name, inner } = groups;
    if (labels !== undefined) grouped.push(...labels.split(',').map((label) => label.trim()));
    else if (name !== undefined && !KEYWORDS.has(name.toLowerCase())) {
      selectors.push({ metric: name, matchers: matchersIn(inner ?? '', text) });
    }
  }
  if (selectors.length === 0) throw new Error(`no metric in: ${text}`);
  return { selectors, grouped };
}

function matchersIn(inner: string, text: string): Named['matchers'] {
  const matchers: { label: string; value: string }[] = [];
  MATCHER.lastIndex = 0;
  let read = 0;
  while (read < inner.length) {
    const [whole, label = '', , value = ''] = MATCHER.exec(inner) ?? [];
    if (whole === undefined) throw new Error(`no matchers: {${inner}} in ${text}`);
    matchers.push({ label, value });
    read += whole.length;
  }
  return matchers;
}

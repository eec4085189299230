// The figures of the rate limits as people write them: `800/s`, `90%`. A route table names the default ones beside its buckets, and the
// setting rate_limit.override replaces any of them.

const unitNames = ['s', 'min', 'h', 'day'] as const;
type Unit = (typeof unitNames)[number];

/** Seconds of each unit. */
export const units: Readonly<Record<Unit, number>> = { s: 1, min: 60, h: 3600, day: 86_400 };

/**
 * What is counted, by the names of a route table. Of an address: `public`, `login`, `onboarding`, `activate`, `private` (all private
 * requests together), `handshakes` (TLS). Of an account: the others; `sessions` are the ones that logins open, `interactive-orders` those
 * placed or changed under token_usage=interactive, `owner` what an owner asks about credentials and what they did.
 */
export const addressFigures = ['public', 'login', 'onboarding', 'activate', 'private', 'handshakes'] as const;
export const accountFigures = [
  'private-read',
  'orders',
  'interactive-orders',
  'keys',
  'sessions',
  'emergency',
  'owner',
] as const;
type AddressFigure = (typeof addressFigures)[number];
export type AccountFigure = (typeof accountFigures)[number];
export type FigureName = AddressFigure | AccountFigure;

export const figureNames: readonly FigureName[] = [...addressFigures, ...accountFigures];

export interface Figures {
  /** How many per unit; each applies. At least one. */
  readonly counts: ReadonlyMap<Unit, number>;
  /** Of an account's: the percentage that one subkey or token may use. Undefined for those of an address. */
  readonly share: number | undefined;
}

export type RateFigures = Readonly<Record<FigureName, Figures>>;

/** One figure: `800/s`, or `90%`. */
type Figure = { readonly unit: Unit; readonly count: number } | { readonly share: number };

function parseFigure(text: string): Figure | undefined {
  const [, share] = /^([1-9]\d?|100)%$/.exec(text) ?? [];
  if (share !== undefined) return { share: Number(share) };
  const [, count, word = ''] = /^([1-9]\d{0,6}|10000000)\/([a-z]+)$/.exec(text) ?? [];
  const unit = unitNames.find((one) => one === word);
  return count === undefined || unit === undefined ? undefined : { unit, count: Number(count) };
}

const figureNamed = (text: string): FigureName | undefined => figureNames.find((name) => name === text);
const isOfAccount = (name: FigureName): name is AccountFigure => accountFigures.some((one) => one === name);

/**
 * One name of a route table with its figures: counts per s, min, h or day, and for what is counted of an account the share of one
 * credential. Returns the figures, or why they are none: the end of a sentence that begins with the name.
 */
export function parseFigures(
  name: string,
  list: unknown,
): { readonly name: FigureName; readonly figures: Figures } | string {
  const known = figureNamed(name);
  if (known === undefined) return `is none of ${figureNames.join(', ')}`;
  if (!Array.isArray(list)) return 'must be a list such as ["800/s", "90%"]';
  const counts = new Map<Unit, number>();
  let share: number | undefined;
  for (const text of list) {
    const figure = typeof text === 'string' ? parseFigure(text) : undefined;
    if (figure === undefined) return 'must list counts such as 800/s (s, min, h or day) and a share such as 90%';
    if ('share' in figure) {
      if (share !== undefined) return 'has two shares';
      share = figure.share;
    } else {
      if (counts.has(figure.unit)) return `has two counts per ${figure.unit}`;
      counts.set(figure.unit, figure.count);
    }
  }
  if (counts.size === 0) return 'must have a count such as 800/s';
  if (isOfAccount(known) !== (share !== undefined)) {
    return isOfAccount(known)
      ? 'needs the share that one credential may use, such as 90%'
      : 'is counted of an address, so that no credential has a share of it';
  }
  return { name: known, figures: { counts, share } };
}

/** One entry of rate_limit.override: `orders=800/s`. `undefined` for what is none. */
export function parseOverride(entry: string): { readonly name: FigureName; readonly figure: Figure } | undefined {
  const [written = '', text = '', ...rest] = entry.split('=');
  const name = figureNamed(written);
  const figure = parseFigure(text);
  return name === undefined || figure === undefined || rest.length > 0 ? undefined : { name, figure };
}

/**
 * The figures with those of rate_limit.override in their places. Returns sentences for what has no place: an override replaces a figure
 * and never adds one.
 */
export function overridden(
  figures: RateFigures,
  entries: readonly string[],
): { readonly figures: RateFigures } | { readonly problems: readonly string[] } {
  const replaced: Record<FigureName, Figures> = { ...figures };
  const problems: string[] = [];
  const seen = new Set<string>();
  for (const entry of entries) {
    const override = parseOverride(entry);
    if (override === undefined) throw new RangeError('an override was not checked when it was read');
    const { name, figure } = override;
    const place = 'share' in figure ? '%' : figure.unit;
    const { counts, share } = replaced[name];
    const hasPlace = 'share' in figure ? share !== undefined : counts.has(figure.unit);
    if (!hasPlace) problems.push(`${entry} replaces nothing: ${name} has ${figuresText(figures[name]).join(', ')}`);
    else if (seen.has(`${name} ${place}`))
      problems.push(`${entry} replaces a figure that an earlier entry has replaced`);
    else if ('share' in figure) replaced[name] = { counts, share: figure.share };
    else replaced[name] = { counts: new Map([...counts, [figure.unit, figure.count]]), share };
    seen.add(`${name} ${place}`);
  }
  return problems.length > 0 ? { problems } : { figures: replaced };
}

/** As a route table lists them. */
export const figuresText = ({ counts, share }: Figures): readonly string[] => [
  ...[...counts].map(([unit, count]) => `${count}/${unit}`),
  ...(share === undefined ? [] : [`${share}%`]),
];

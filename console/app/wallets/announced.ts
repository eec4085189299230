// What a wallet says of itself, made harmless: anything in the browser can announce itself as one. Everything is read once, at the
// announcement, so a wallet that changes what it says later changes nothing here.
import type { Eip1193Provider } from '../../../src/client/main.ts';

export interface FoundWallet {
  /** Of this list alone. */
  readonly id: string;
  /** Somebody's text: a text node. */
  readonly name: string;
  /** The reverse domain that it claims. Empty: none. */
  readonly rdns: string;
  /** A `data:` URL of a picture, for `<img>` alone. */
  readonly icon: string | undefined;
  readonly provider: Eip1193Provider;
}

export const BROWSER_WALLET = 'Browser wallet';
const UNNAMED = 'Wallet without a name';
const NAME_LENGTH = 48;
const RDNS_LENGTH = 64;
const ICON_LENGTH = 65_536;
/** More than anybody has: beyond it somebody fills the page. */
export const MOST_WALLETS = 20;

/** The list with one more announcement (`detail` of the event): as it was, when that is no wallet or one that is there. */
export function withAnnounced(list: readonly FoundWallet[], detail: unknown): readonly FoundWallet[] {
  if (list.length >= MOST_WALLETS) return list;
  const found = read(() => foundIn(detail));
  if (found === undefined || list.some(({ id, provider }) => id === found.id || provider === found.provider))
    return list;
  return [...list, found];
}

/** `window.ethereum`, where no wallet announced itself. */
export function loneWallet(ethereum: unknown): FoundWallet | undefined {
  const provider = read(() => providerIn(ethereum));
  return provider === undefined
    ? undefined
    : { id: 'window.ethereum', name: BROWSER_WALLET, rdns: '', icon: undefined, provider };
}

/** Names that more than one wallet has, as far as a reader sees. */
export function sameNames(list: readonly FoundWallet[]): readonly string[] {
  const looks = list.map(({ name }) => looksLike(name));
  const twice = list.filter((_, at) => looks.indexOf(looks[at] ?? '') < at);
  return [
    ...new Set(twice.map(({ name }) => list.find((one) => looksLike(one.name) === looksLike(name))?.name ?? name)),
  ];
}

const looksLike = (name: string): string => name.normalize('NFKC').toLowerCase().replaceAll(/\s/g, '');

function foundIn(detail: unknown): FoundWallet | undefined {
  const info = member(detail, 'info');
  const provider = providerIn(member(detail, 'provider'));
  const uuid = member(info, 'uuid');
  if (provider === undefined || typeof uuid !== 'string' || uuid === '') return undefined;
  return {
    id: `announced ${uuid.slice(0, 80)}`,
    name:
      shown(
        read(() => member(info, 'name')),
        NAME_LENGTH,
      ) || UNNAMED,
    rdns: rdnsOf(read(() => member(info, 'rdns'))),
    icon: iconOf(read(() => member(info, 'icon'))),
    provider,
  };
}

/** One that can be asked. Its `request` is read anew at each question, as wallets may replace it. */
const providerIn = (value: unknown): Eip1193Provider | undefined => (isProvider(value) ? value : undefined);

const isProvider = (value: unknown): value is Eip1193Provider => typeof member(value, 'request') === 'function';

/** Throws what a getter throws. */
function member(value: unknown, name: string): unknown {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return undefined;
  return Reflect.get(value, name);
}

function read<T>(reading: () => T): T | undefined {
  try {
    return reading();
  } catch {
    return undefined;
  }
}

/** Without what does not show: controls, direction marks, joiners, private and unassigned signs. */
function shown(text: unknown, length: number): string {
  if (typeof text !== 'string') return '';
  const start = text.slice(0, length * 8).replaceAll(/[\p{C}\p{Z}\s\u115f\u1160\u3164\uffa0\u2800]+/gu, ' ');
  return [...start.trim()].slice(0, length).join('').trim();
}

const rdnsOf = (text: unknown): string =>
  typeof text === 'string' && text.length <= RDNS_LENGTH && /^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/i.test(text) ? text : '';

const iconOf = (text: unknown): string | undefined =>
  typeof text === 'string' && text.length <= ICON_LENGTH && /^data:image\/[a-z0-9.+-]+[;,]/i.test(text)
    ? text
    : undefined;

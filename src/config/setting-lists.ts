// Settings that hold several texts: an array in the file, comma-separated in flags and variables.
import { parseCidr } from '../domain/allowlist.ts';
import { type Described, refuse, type Setting } from './setting-types.ts';

const splitList = (value: string): readonly string[] =>
  value.trim() === '' ? [] : value.split(',').map((item) => item.trim());

interface Items<Item> extends Described {
  /** What each entry must be, in the plural. */
  readonly expects: string;
  readonly max: number;
  /** The entry as it is stored, or `undefined` when it is not one. */
  item(text: string): Item | undefined;
}

/** Several texts: an array in the file, comma-separated elsewhere. Duplicates are refused: they are always a mistake. */
export function list<Item extends string>(fallback: readonly Item[], about: Items<Item>): Setting<readonly Item[]> {
  return {
    kind: 'list',
    default: fallback,
    description: about.description,
    when: about.when,
    expects: `a list of at most ${about.max} ${about.expects}`,
    secret: false,
    short: about.short,
    read: (json) => {
      if (!Array.isArray(json) || json.length > about.max) return refuse();
      const items = new Set<Item>();
      for (const [index, raw] of json.entries()) {
        const item = typeof raw === 'string' ? about.item(raw) : undefined;
        if (item === undefined) return refuse(`entry ${index + 1} is none of the ${about.expects}`);
        if (items.has(item)) return refuse(`entry ${index + 1} repeats an earlier one`);
        items.add(item);
      }
      return { ok: true, value: [...items] };
    },
    fromText: splitList,
    show: (value) => value.join(','),
  };
}

/** Content networks publish hundreds. */
const MAX_PROXY_RANGES = 10_000;

/** Addresses and ranges whose word about the client's address is believed, canonical; `unix` names peers on a unix socket. */
export function cidrList(about: Described): Setting<readonly string[]> {
  return {
    ...list<string>([], {
      ...about,
      max: MAX_PROXY_RANGES,
      expects: 'addresses, CIDR ranges (not /0) or the word unix',
      item: (value) => (value === 'unix' ? value : proxyRange(value)),
    }),
    kind: 'cidr list',
  };
}

function proxyRange(value: string): string | undefined {
  const parsed = parseCidr(value);
  // A range of everything would let every client name its own address.
  return parsed.ok && !parsed.range.text.endsWith('/0') ? parsed.range.text : undefined;
}

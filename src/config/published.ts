// What GET /v1/system/config says and nothing here acts upon: one setting, a JSON object, of which each member has a default.
import { resolve } from 'node:path';
import { type Felt, feltOf, parseFelt } from '../domain/felt.ts';
import { errorCode, UnsafeFile } from '../errors.ts';
import { readGuarded } from '../files/guarded-file.ts';
import { type Described, type Reading, refuse, type Setting } from './setting-types.ts';

/** One entry of `bridged_tokens`: exactly these members, because paradex-py refuses any other (docs/wire.md section 1). */
export interface BridgedToken {
  readonly name: string;
  readonly symbol: string;
  readonly decimals: number;
  readonly l1_token_address: string;
  readonly l1_bridge_address: string;
  readonly l2_token_address: string;
  readonly l2_bridge_address: string;
}

export interface Published {
  readonly environment: string;
  readonly paraclear_address: Felt;
  readonly paraclear_decimals: number;
  readonly bridged_tokens: readonly BridgedToken[];
  readonly starknet_fullnode_rpc_url: string;
  /** Empty: starknet_fullnode_rpc_url without its path. */
  readonly starknet_fullnode_rpc_base_url: string;
  readonly block_explorer_url: string;
  readonly oracle_address: string;
  readonly l1_core_contract_address: string;
  readonly l1_operator_address: string;
  readonly liquidation_fee: string;
}

interface Member<T> {
  readonly default: T;
  /** Completes the sentence "it must be ...". */
  readonly expects: string;
  readonly description: string;
  /** `undefined` for what is none. */
  read(json: unknown): T | undefined;
}

type Members = { readonly [Name in keyof Published]: Member<Published[Name]> };

const textLike = (pattern: RegExp) => (json: unknown) =>
  typeof json === 'string' && pattern.test(json) ? json : undefined;

const hexPattern = /^0x[0-9a-fA-F]{1,64}$/;

const hex = (description: string): Member<string> => ({
  default: '0x0',
  expects: 'a 0x hex number',
  description,
  read: textLike(hexPattern),
});

function isWebUrl(value: string): boolean {
  if (!/^https?:\/\/[\x21-\x7e]+$/.test(value) || /[@#\\]/.test(value)) return false;
  return URL.canParse(value);
}

const url = (fallback: string, description: string): Member<string> => ({
  default: fallback,
  expects: `an http or https URL without user name, password or fragment${fallback === '' ? ', or empty' : ''}`,
  description,
  read: (json) => (typeof json === 'string' && (isWebUrl(json) || (json === '' && fallback === '')) ? json : undefined),
});

const MAX_TOKENS = 64;
const MAX_DECIMALS = 36;

const isDecimals = (json: unknown): json is number =>
  typeof json === 'number' && Number.isInteger(json) && json >= 0 && json <= MAX_DECIMALS;

/** All members, in the order in which they are documented. */
export const publishedMembers: Members = {
  environment: {
    default: 'testnet',
    expects: '1 to 31 lower-case letters, digits and dashes',
    description: 'Name of this environment.',
    read: textLike(/^[a-z0-9-]{1,31}$/),
  },
  paraclear_address: {
    default: feltOf(0x286003f7c7bfc3f94e8f0af48b48302e7aee2fb13c23b141479ba00832ef2c6n),
    expects: 'a 0x hex number below the Stark prime',
    description: "Contract of the venue's clearing house.",
    read: (json) => (typeof json === 'string' ? parseFelt(json) : undefined),
  },
  paraclear_decimals: {
    default: 8,
    expects: `a whole number from 0 to ${MAX_DECIMALS}`,
    description: 'Decimals of its amounts.',
    read: (json) => (isDecimals(json) ? json : undefined),
  },
  bridged_tokens: {
    default: [
      {
        name: 'USD Coin',
        symbol: 'USDC',
        decimals: 6,
        l1_token_address: '0x0',
        l1_bridge_address: '0x0',
        l2_token_address: '0x0',
        l2_bridge_address: '0x0',
      },
    ],
    expects: `an array of at most ${MAX_TOKENS} objects with exactly name, symbol, decimals (0 to ${MAX_DECIMALS}) and the 0x hex texts l1_token_address, l1_bridge_address, l2_token_address, l2_bridge_address (paradex-py refuses any other)`,
    description: 'Assets; the first is the settlement asset.',
    read: readTokens,
  },
  starknet_fullnode_rpc_url: url(
    'https://rpc.invalid/rpc/v0_10',
    'Starknet node that clients call. Not called during login; the default leads nowhere.',
  ),
  starknet_fullnode_rpc_base_url: url('', 'The same without its path. Empty: derived from starknet_fullnode_rpc_url.'),
  block_explorer_url: url('', 'Block explorer.'),
  oracle_address: hex('paradex-py wants it.'),
  l1_core_contract_address: hex('paradex-py wants it.'),
  l1_operator_address: hex('paradex-py wants it.'),
  liquidation_fee: {
    default: '0',
    expects: 'a decimal number, as text',
    description: 'Fee of a liquidation.',
    read: textLike(/^(0|[1-9]\d{0,17})(\.\d{1,18})?$/),
  },
};

export const publishedNames = Object.keys(publishedMembers).filter((name) => isPublished(name));

function isPublished(name: string): name is keyof Published {
  return Object.hasOwn(publishedMembers, name);
}

/** The published facts: a JSON object, `@` and the path of a file that holds one, or nothing for the defaults. */
export function published(about: Described): Setting<Published> {
  const fallback = withDefaults({});
  return {
    kind: 'published',
    default: fallback,
    description: about.description,
    when: about.when,
    expects: 'a JSON object with members of docs/configuration.md, or @ and the path of a file that holds one',
    secret: false,
    short: about.short,
    read: (json) => (typeof json === 'string' && json.startsWith('@') ? readFrom(json.slice(1)) : readMembers(json)),
    fromText: (value) => (value.startsWith('@') ? value : parsed(value)),
    show: (value) => JSON.stringify(onlyChanged(value)),
  };
}

/** 64 assets fit several times. */
const MAX_FILE_BYTES = 256 * 1024;

// Trusted: its writer decides which node and which contracts clients believe in.
function readFrom(file: string): Reading<Published> {
  let text: string;
  try {
    const bytes = readGuarded(resolve(file), 'trusted', MAX_FILE_BYTES);
    if (bytes === 'too_large') return refuse(`the file it names is larger than ${MAX_FILE_BYTES} bytes`);
    text = bytes.toString('utf8');
  } catch (error) {
    if (error instanceof UnsafeFile) return refuse(`the file it names ${error.because}`);
    return refuse(`the file it names cannot be read (${errorCode(error)})`);
  }
  const json = parsed(text);
  return json === undefined ? refuse('the file it names is not JSON') : readMembers(json);
}

function readMembers(json: unknown): Reading<Published> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return refuse();
  const given: { -readonly [Name in keyof Published]?: Published[Name] } = {};
  const read = <Name extends keyof Published>(name: Name, member: unknown): boolean => {
    const value = publishedMembers[name].read(member);
    if (value !== undefined) given[name] = value;
    return value !== undefined;
  };
  for (const [name, member] of Object.entries(json)) {
    if (!isPublished(name)) return refuse(`it has a member that is none of ${publishedNames.join(', ')}`);
    if (!read(name, member)) return refuse(`its member ${name} must be ${publishedMembers[name].expects}`);
  }
  return { ok: true, value: withDefaults(given) };
}

const withDefaults = (given: Partial<Published>): Published => ({
  environment: publishedMembers.environment.default,
  paraclear_address: publishedMembers.paraclear_address.default,
  paraclear_decimals: publishedMembers.paraclear_decimals.default,
  bridged_tokens: publishedMembers.bridged_tokens.default,
  starknet_fullnode_rpc_url: publishedMembers.starknet_fullnode_rpc_url.default,
  starknet_fullnode_rpc_base_url: publishedMembers.starknet_fullnode_rpc_base_url.default,
  block_explorer_url: publishedMembers.block_explorer_url.default,
  oracle_address: publishedMembers.oracle_address.default,
  l1_core_contract_address: publishedMembers.l1_core_contract_address.default,
  l1_operator_address: publishedMembers.l1_operator_address.default,
  liquidation_fee: publishedMembers.liquidation_fee.default,
  ...given,
});

/** What a person would have written to get it. */
const onlyChanged = (value: Published): Partial<Published> =>
  Object.fromEntries(
    publishedNames.flatMap((name) =>
      JSON.stringify(value[name]) === JSON.stringify(publishedMembers[name].default) ? [] : [[name, value[name]]],
    ),
  );

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const tokenText = /^[\x20-\x7e]{1,64}$/;

function readTokens(json: unknown): readonly BridgedToken[] | undefined {
  if (!Array.isArray(json) || json.length > MAX_TOKENS) return undefined;
  const tokens: BridgedToken[] = [];
  for (const raw of json) {
    const token = readToken(raw);
    if (token === undefined) return undefined;
    tokens.push(token);
  }
  return tokens;
}

function readToken(json: unknown): BridgedToken | undefined {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined;
  const members = new Map<string, unknown>(Object.entries(json));
  const [name, symbol] = ['name', 'symbol'].map((member) => textLike(tokenText)(members.get(member)));
  const [l1Token, l1Bridge, l2Token, l2Bridge] = [
    'l1_token_address',
    'l1_bridge_address',
    'l2_token_address',
    'l2_bridge_address',
  ].map((member) => textLike(hexPattern)(members.get(member)));
  const decimals = members.get('decimals');
  if (members.size !== 7 || !isDecimals(decimals) || name === undefined || symbol === undefined) return undefined;
  if (l1Token === undefined || l1Bridge === undefined || l2Token === undefined || l2Bridge === undefined) {
    return undefined;
  }
  return {
    name,
    symbol,
    decimals,
    l1_token_address: l1Token,
    l1_bridge_address: l1Bridge,
    l2_token_address: l2Token,
    l2_bridge_address: l2Bridge,
  };
}

// Names of settings of earlier releases. Each is refused, and the operator is told what to write now: a name that was quietly ignored
// would change what a server does.
import { variableOf } from './schema.ts';

const rate = (figure: string): string => `write ${figure} into rate_limit.override`;
const isFixed = (what: string): string => `leave it out: ${what}`;

/** The old name, and the end of the sentence "... is not a setting any more; ...". */
const retired: ReadonlyMap<string, string> = new Map([
  ...[
    'domain_name',
    'starknet_chain_id',
    'l1_chain_id',
    'allow_mainnet',
    'paraclear_account_hash',
    'paraclear_account_proxy_hash',
    'paraclear_evm_account_hash',
  ].map((name) => [name, `it is wire.${name} now`] as const),
  ...[
    'environment',
    'paraclear_address',
    'paraclear_decimals',
    'bridged_tokens',
    'starknet_fullnode_rpc_url',
    'starknet_fullnode_rpc_base_url',
    'block_explorer_url',
    'oracle_address',
    'l1_core_contract_address',
    'l1_operator_address',
    'liquidation_fee',
  ].map((name) => [name, `it is the member ${name} of wire.published now`] as const),
  ['rate_limit.public_per_minute', rate('public=1500/min')],
  ['rate_limit.onboarding_per_minute', rate('onboarding=600/min')],
  ['rate_limit.auth_per_minute', rate('login=600/min')],
  ['rate_limit.orders_per_second', rate('orders=800/s')],
  ['rate_limit.orders_per_minute', rate('orders=17250/min')],
  ['rate_limit.interactive_orders_per_second', rate('interactive-orders=3/s')],
  ['rate_limit.interactive_orders_per_minute', rate('interactive-orders=30/min')],
  ['rate_limit.interactive_orders_per_hour', rate('interactive-orders=300/h')],
  ['rate_limit.interactive_orders_per_day', rate('interactive-orders=1000/day')],
  ['rate_limit.private_get_per_second', rate('private-read=120/s')],
  ['rate_limit.private_get_per_minute', rate('private-read=600/min')],
  ['rate_limit.account_logins_per_second', rate('sessions=120/s')],
  ['rate_limit.account_logins_per_minute', rate('sessions=600/min')],
  ['rate_limit.emergency_per_minute', rate('emergency=30/min')],
  ['rate_limit.private_per_minute', rate('private=1500/min')],
  ['rate_limit.key_management_per_minute', rate('keys=60/min')],
  ['rate_limit.activate_per_minute', rate('activate=30/min')],
  ['rate_limit.handshakes_per_minute', rate('handshakes=1500/min')],
  ['rate_limit.credential_orders_percent', rate('orders=90% and interactive-orders=90%')],
  ['rate_limit.credential_get_percent', rate('private-read=90%, keys=90% and emergency=90%')],
  ['rate_limit.credential_logins_percent', rate('sessions=90%')],
  ['rate_limit.max_keys', 'it is memory.entries now'],
  ['view.capacity', 'it is memory.entries now'],
  ['bearer_cache.capacity', 'it is memory.entries now'],
  ['upstream.body_memory', 'it is half of upstream.memory now'],
  ['upstream.answer_memory', 'it is half of upstream.memory now'],
  ['upstream.max_answer_copy', isFixed('it is a thirty-second of upstream.memory')],
  ['upstream.connect_timeout', isFixed('it is 2 s, and never more than upstream.timeout')],
  ['http.max_body_bytes', isFixed('it is 65536')],
  ['http.max_target_bytes', isFixed('it is half of http.max_header_bytes')],
  ['http.min_bytes_per_second', isFixed('it is 16384')],
  ['engine.max_wait', isFixed('it is 5 s')],
  ['orders.max_marks_per_account', isFixed('it is three tenths of orders.max_marks')],
  ['login.default_age', isFixed('it is 1800 s, or login.max_age where that is less')],
  ['onboarding.open', 'onboarding.allowlist says it: * is anyone, an empty list nobody'],
  ['role', isFixed('a process runs all of it')],
]);

/**
 * What to write instead of a name of an earlier release; `undefined` for a name that never was one. A figure of a rate limit is named with
 * the value that was written: with the default, whoever copies it would change the limit.
 */
export function insteadOf(name: string, value?: unknown): string | undefined {
  const instead = retired.get(name);
  const isFigure = /^[1-9]\d{0,7}$/.test(String(value));
  return isFigure && instead?.startsWith('write ') ? instead.replaceAll(/(?<==)\d+/g, String(value)) : instead;
}

const byVariable = new Map([...retired.keys()].map((name) => [variableOf(name), name]));

export const insteadOfVariable = (variable: string, value?: unknown): string | undefined =>
  insteadOf(byVariable.get(variable) ?? '', value);

export const retiredNames: readonly string[] = [...retired.keys()];

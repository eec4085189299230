// Every setting there is: its kind, its default and one line of description. docs/configuration.md and the help of the
// flags are generated from this table. A default never weakens: what is dangerous must be asked for by name.
import { isIP } from 'node:net';
import { type Felt, feltOf, parseFelt } from '../domain/felt.ts';
import { isAddable, isSentByPages } from '../domain/request-headers.ts';
import {
  boolean,
  bridgedTokens,
  choice,
  cidrList,
  countOrAuto,
  duration,
  felt,
  integer,
  list,
  path,
  port,
  type Setting,
  secret,
  text,
  upstream,
  url,
} from './setting-types.ts';

const DAY_S = 86_400;
const KIB = 1024;
const MIB = 1024 * KIB;

// WIRE section 3: text of digits, or of 0x and hex, would be signed as a number and not as these letters.
const shortString = {
  pattern: /^(?!0[xX][0-9a-fA-F]*$)(?!\d+$)[\x21-\x7e]{1,31}$/,
  expects: '1 to 31 ASCII characters without spaces that do not read as a number',
};
const hexText = { pattern: /^0x[0-9a-fA-F]{1,64}$/, expects: 'a 0x hex number' };

const hostLabel = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';
const domainPattern = new RegExp(`^(?=.{1,253}(:|$))${hostLabel}(\\.${hostLabel})*(:[1-9]\\d{0,4})?$`);

/** At least 32 characters: nobody guesses it. */
const operatorToken = /^([\x21-\x7e]{32,256})?$/;

const perMinute = (limit: number, description: string) =>
  integer(limit, { min: 1, max: 10_000_000, unit: 'requests', description });
const perSecond = perMinute;
const percent = (share: number, description: string) =>
  integer(share, { min: 1, max: 100, unit: 'percent', description });

export const settings = {
  role: choice('all', ['all'], {
    notYet: ['authority', 'gateway'],
    description: 'What this process runs: the credential authority and the gateway.',
  }),
  'server.host': text('127.0.0.1', {
    short: 'host',
    pattern: { test: (value) => isIP(value) !== 0 || isHostName(value) },
    expects: 'an IP address or a host name',
    description: 'Address to listen on. Only this machine can reach the default; 0.0.0.0 or :: listens everywhere.',
  }),
  'server.port': integer(8080, {
    short: 'port',
    min: 0,
    max: 65_535,
    description: 'Port to listen on; 0 takes any free one.',
  }),
  'tls.cert': path('', {
    mayBeEmpty: true,
    description:
      'PEM file of the TLS certificate and the chain above it; with tls.key, the server speaks HTTPS. Empty: plain HTTP. Read at start.',
  }),
  'tls.key': path('', {
    mayBeEmpty: true,
    description:
      "PEM file of the private key of tls.cert, not encrypted; ours or root's, and for its owner alone (mode 0600), or for a group to read (0440, 0640).",
  }),
  'operator.host': text('127.0.0.1', {
    pattern: { test: (value) => isIP(value) !== 0 && isLoopbackAddress(value) },
    expects: 'a loopback address: 127.0.0.1 or ::1',
    description: 'Address of the operator API. Only this machine can reach it; it has no TLS of its own.',
  }),
  'operator.port': port('auto', {
    description:
      'Port of the operator API: auto is the one after server.port, or any free one when that is 0. 0 takes any free one.',
  }),
  'operator.socket': choice('beside', ['beside', 'only', 'off'], {
    description:
      'The unix socket operator.sock in the data folder, mode 0600, for the operator API: beside its port, in its place, or none. Commands use it.',
  }),
  'operator.token': secret({
    pattern: operatorToken,
    expects: '32 to 256 printable ASCII characters without spaces, or empty',
    description:
      'The bearer of the operator API, never a flag. Empty: the one in operator.token of the data folder, made at the first start.',
  }),
  'metrics.token': secret({
    pattern: operatorToken,
    expects: '32 to 256 printable ASCII characters without spaces, or empty',
    description:
      'A bearer that may read GET /metrics of the operator API and nothing else, never a flag. Empty: no bearer is needed for that.',
  }),
  'data.folder': path('./data', {
    short: 'data',
    description:
      'Folder of the database and of the settings file countersign.json; therefore not a setting of that file. Others may not write in it.',
  }),
  'master_key.file': path('./countersign-master.key', {
    description:
      'File of the key that encrypts the JWT signing keys, mode 0600 (0440 from a secret mount). Keep it apart from the data folder and from backups.',
  }),
  'routes.file': path('', {
    mayBeEmpty: true,
    description:
      'Route table of the API behind the gateway, which nobody else may write; empty is the built-in one of the Paradex API.',
  }),
  'log.level': choice('info', ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
    description: 'The least important log line that is written.',
  }),

  'upstream.url': upstream({
    short: 'upstream',
    description:
      'The venue behind the gateway: http(s)://host:port/base, unix:/path/to.sock or unix:/path/to.sock:/base. Empty starts the built-in demo venue.',
  }),
  'upstream.proof': choice('none', ['none', 'secret'], {
    notYet: ['assertion', 'mtls'],
    description:
      'How the venue knows that a request comes from this gateway. Another machine needs secret: a header Countersign-Upstream-Secret.',
  }),
  'upstream.secret': secret({
    pattern: /^([\x21-\x7e]{32,256})?$/,
    expects: '32 to 256 printable ASCII characters without spaces, or empty',
    description:
      'The secret of upstream.proof = secret, at least 32 characters. Settings file or environment only, never a flag.',
  }),
  'upstream.connections': integer(128, {
    min: 1,
    max: 4096,
    unit: 'connections',
    description:
      'Open connections to the venue at most. A client may use 25 %, a network 50 % with sessions, 50 % without and 75 % in all, all without a session 75 %.',
  }),
  'upstream.queue': integer(1024, {
    min: 0,
    max: 100_000,
    unit: 'requests',
    description:
      'Requests that may wait for a connection: so many with a session, so many without, of both a sixteenth more that are streamed. One more is answered 503.',
  }),
  'upstream.timeout': duration(30, {
    min: 1,
    max: 600,
    description: 'Deadline of a forwarded request, from its arrival to the end of its answer; then 503.',
  }),
  'upstream.connect_timeout': duration(2, {
    min: 1,
    max: 60,
    description: 'How long opening a connection to the venue may take.',
  }),

  'upstream.request_headers': list<string>([], {
    max: 100,
    expects: 'names of headers that may pass at all (docs/route-table.md), or *',
    item: (value) => (value === '*' || isAddable(value) ? value.toLowerCase() : undefined),
    description:
      'Headers of clients that reach the venue besides those of docs/route-table.md. * = all that no rule forbids: for a venue that believes none of them.',
  }),

  'upstream.body_memory': integer(64 * MIB, {
    min: MIB,
    max: 16 * 1024 * MIB,
    unit: 'bytes',
    description:
      'Memory for request bodies on their way to the venue, in shares like its connections. What does not fit is streamed over a sixteenth of those.',
  }),
  'upstream.answer_memory': integer(64 * MIB, {
    min: MIB,
    max: 16 * 1024 * MIB,
    unit: 'bytes',
    description:
      'Memory for answers of the venue that clients do not read as fast as they come, in shares like its connections.',
  }),
  'upstream.max_answer_copy': integer(4 * MIB, {
    min: 64 * KIB,
    max: 1024 * MIB,
    unit: 'bytes',
    description: 'The most of it for one answer; a longer one holds its connection while its client reads slowly.',
  }),

  'proxy.trusted': cidrList({
    description:
      'Proxies in front of this server whose X-Forwarded-For and -Proto are believed: addresses, CIDR ranges, or unix for its unix socket. None by default.',
  }),
  'cors.origins': list<string>([], {
    max: 100,
    expects: 'origins such as https://app.example',
    item: (value) => (isOrigin(value) ? value : undefined),
    description: 'Web pages that may call this API from a browser. None by default; * is not accepted.',
  }),
  'cors.headers': list<string>([], {
    max: 100,
    expects:
      'names of headers that a page may set (not Cookie, Origin, Sec-*) and that may pass at all (docs/route-table.md); those of the wire, as Authorization, need not be named',
    item: (value) => (isSentByPages(value) ? value.toLowerCase() : undefined),
    description:
      'Headers that those pages may send besides the ones of the wire. The venue sees them only with upstream.request_headers. * is not accepted.',
  }),

  'http.max_body_bytes': integer(64 * KIB, {
    min: KIB,
    max: MIB,
    unit: 'bytes',
    description: 'Largest request body on our own routes; more is answered 413.',
  }),
  'http.max_forward_body_bytes': integer(MIB, {
    min: KIB,
    max: 64 * MIB,
    unit: 'bytes',
    description: 'Largest request body that is forwarded to the venue; more is answered 413.',
  }),
  'http.max_header_bytes': integer(16 * KIB, {
    min: 4 * KIB,
    max: 64 * KIB,
    unit: 'bytes',
    description: 'Largest request head, request line included; more is answered 431.',
  }),
  'http.max_target_bytes': integer(8 * KIB, {
    min: 256,
    max: 32 * KIB,
    unit: 'bytes',
    description: 'Longest request target (path and query); more is answered 414.',
  }),
  'http.max_connections': integer(4096, {
    min: 1,
    max: 1_000_000,
    unit: 'connections',
    description:
      'Open client connections at most. For one more the one without a request for longest is closed, of the network that has most; the new one when all are at work.',
  }),
  'http.max_connections_per_address': integer(512, {
    min: 1,
    max: 1_000_000,
    unit: 'connections',
    description:
      'The same of one IPv4 address or IPv6 /64; an IPv6 /48 has four times as many, but no more than half of all. Trusted proxies are not counted.',
  }),
  'http.request_timeout': duration(30, {
    min: 1,
    max: 600,
    description: 'How long a client may take to send a whole request; then 408.',
  }),
  'http.min_bytes_per_second': integer(16 * KIB, {
    min: 1,
    max: 100 * MIB,
    unit: 'bytes',
    description:
      'Who sends a streamed body or reads a large answer more slowly, over the 10 s that it was waited for, is cut.',
  }),
  'http.keep_alive_timeout': duration(65, {
    min: 1,
    max: 600,
    description: 'How long an idle client connection stays open. Longer than that of the proxy in front.',
  }),
  'http.drain_timeout': duration(10, {
    min: 0,
    max: 600,
    description:
      'How long a stopping server waits for requests under way before it cuts them. Who still waits for the venue is answered 503 with data.sent.',
  }),

  domain_name: text('Paradex', {
    ...shortString,
    description: 'Name in the signed domain of every Stark signature. Real clients sign Paradex.',
  }),
  starknet_chain_id: text('PRIVATE_SN_POTC_MOCK_SEPOLIA', {
    ...shortString,
    description:
      'Chain id in the signed domain. A login signature is valid on every service with the same one. paradex-py knows four names only.',
  }),
  l1_chain_id: integer(11_155_111, {
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    description: 'Ethereum chain id of wallet (SIWE) logins, and of GET /v1/system/config.',
  }),
  'siwe.domains': list<string>(['app.testnet.paradex.trade'], {
    max: 100,
    expects: 'lower-case host names, each with an optional port',
    item: (value) => (domainPattern.test(value) ? value : undefined),
    description:
      'Domains that a wallet login may name. Not set: the default and localhost and 127.0.0.1 at the port in use. Set: exactly the list.',
  }),
  allow_mainnet: boolean(false, {
    description:
      'Permits mainnet chain ids and the production domains of paradex.trade: a signature made here is then valid on the live venue, and the reverse.',
  }),
  paraclear_account_hash: felt(feltOf(0x41cb0280ebadaa75f996d8d92c6f265f6d040bb3ba442e5f86a554f1765244en), {
    description:
      'Account class hash. With the two below it decides every address: never change it once accounts exist.',
  }),
  paraclear_account_proxy_hash: felt(feltOf(0x3530cc4759d78042f1b543bf797f5f3d647cde0388c33734cf91b7f7b9314a9n), {
    description: 'Account proxy class hash.',
  }),
  paraclear_evm_account_hash: felt(feltOf(0x073414441639dcd11d1846f287650a00c60c416b9d3ba45d31c651672125b2c2n), {
    description: 'Class hash of accounts that belong to an Ethereum wallet.',
  }),
  paraclear_address: felt(feltOf(0x286003f7c7bfc3f94e8f0af48b48302e7aee2fb13c23b141479ba00832ef2c6n), {
    description: 'Contract address that GET /v1/system/config publishes.',
  }),
  paraclear_decimals: integer(8, { min: 0, max: 36, description: 'Decimals that GET /v1/system/config publishes.' }),
  bridged_tokens: bridgedTokens(
    [
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
    { description: 'Assets that GET /v1/system/config publishes; the first is the settlement asset. JSON.' },
  ),
  starknet_fullnode_rpc_url: url('https://rpc.invalid/rpc/v0_10', {
    description: 'Starknet node that clients are told of. Not called during login; the default leads nowhere.',
  }),
  starknet_fullnode_rpc_base_url: url('', {
    mayBeEmpty: true,
    description: 'The same without its path; empty derives it from starknet_fullnode_rpc_url.',
  }),
  block_explorer_url: url('', { mayBeEmpty: true, description: 'Block explorer that clients are told of.' }),
  oracle_address: text('0x0', { ...hexText, description: 'Published by GET /v1/system/config; paradex-py wants it.' }),
  l1_core_contract_address: text('0x0', {
    ...hexText,
    description: 'Published by GET /v1/system/config; paradex-py wants it.',
  }),
  l1_operator_address: text('0x0', {
    ...hexText,
    description: 'Published by GET /v1/system/config; paradex-py wants it.',
  }),
  liquidation_fee: text('0', {
    pattern: /^(0|[1-9]\d{0,17})(\.\d{1,18})?$/,
    expects: 'a decimal number',
    description: 'Published by GET /v1/system/config, as text.',
  }),
  environment: text('testnet', {
    pattern: /^[a-z0-9-]{1,31}$/,
    expects: '1 to 31 lower-case letters, digits and dashes',
    description: 'Name of this environment in GET /v1/system/config.',
  }),

  'clock.accept': boolean(false, {
    description:
      'Starts although the clock of the machine is more than 30 days ahead of all that the data has seen. For one start, once you know that it is right.',
  }),
  'login.max_age': duration(7 * DAY_S, {
    min: 1,
    max: 7 * DAY_S,
    description:
      'Longest life of a login signature, inclusive. Lower it to harden; one public client signs for 7 days. Wallets sign for 10 minutes at most.',
  }),
  'login.default_age': duration(1800, {
    min: 1,
    max: 7 * DAY_S,
    description:
      'Life of a login signature that names no expiration. Not set: 1800 or login.max_age, whichever is less.',
  }),
  'login.future_tolerance': duration(30, {
    min: 0,
    max: 300,
    description: 'How far ahead of our clock a signed timestamp may be.',
  }),
  'login.plain_subkey': boolean(true, {
    description: 'Accept subkey signatures on POST /v1/auth without a key in the path, as ccxt sends them.',
  }),

  'login.single_use': boolean(false, {
    description:
      'A login signature opens one session, for the key that made it. Off by default: two processes with one key send byte-identical logins in the same second.',
  }),

  'onboarding.open': boolean(true, {
    description: 'Anyone may onboard. When false, only the keys and addresses of onboarding.allowlist.',
  }),
  'onboarding.allowlist': list<Felt>([], {
    max: 10_000,
    expects: '0x hex public keys and addresses',
    item: parseFelt,
    description: 'Main public keys, account addresses and Ethereum addresses that may onboard, compared as numbers.',
  }),
  'onboarding.siwe_issued_at_required': boolean(false, {
    description: 'Refuse wallet onboarding without Issued At. The published example omits it.',
  }),

  'subkeys.require_signature': boolean(true, {
    description:
      'Registering a subkey needs the signature of the main key or wallet, so that a stolen session cannot become a lasting key.',
  }),
  'subkeys.max_live': integer(20, {
    min: 0,
    max: 10_000,
    unit: 'subkeys',
    description: 'Live subkeys per account at most.',
  }),
  'subkeys.max_pending': integer(5, {
    min: 0,
    max: 1000,
    unit: 'subkeys',
    description: 'Pending subkeys per account at most.',
  }),
  'subkeys.pending_life': duration(900, {
    min: 30,
    max: DAY_S,
    description: 'How long a pending subkey may wait to be activated.',
  }),
  'subkeys.reregister_revoked': boolean(false, { description: 'A revoked subkey may be registered again.' }),
  'subkeys.may_set_leverage': boolean(false, {
    description: 'Subkeys may set leverage and margin mode (POST /v1/account/margin/{market}).',
  }),

  'tokens.max_live': integer(20, {
    min: 0,
    max: 10_000,
    unit: 'tokens',
    description: 'Live read-only tokens per account at most.',
  }),
  'tokens.may_read_keys': boolean(false, { description: 'Read-only tokens may list subkeys and tokens.' }),
  'terminal_token.enabled': boolean(false, {
    description:
      'Interactive main sessions may ask for a terminal token (POST /v1/account/terminal-token). Off: 403, and its key is retired at start.',
  }),
  'jwt.issuer': text('countersign', {
    pattern: /^[\x21-\x7e]{1,128}$/,
    expects: '1 to 128 printable ASCII characters without spaces',
    description: 'The iss claim of our JWTs. Changing it ends every session and every read-only token.',
  }),

  'signing_keys.max_age': duration(90 * DAY_S, {
    min: 0,
    max: 3650 * DAY_S,
    description:
      'Age at which a JWT signing key is replaced by a new one; the old one is kept until nothing it signed is valid. 0 = never.',
  }),
  'signing_keys.publish_delay': duration(60, {
    min: 0,
    max: DAY_S,
    description:
      'How long a new signing key stands in jwks.json before it signs. As long as your venue remembers that document.',
  }),

  'rate_limit.enabled': boolean(true, {
    short: 'rate-limit',
    description: 'Limit request rates. Off only for load tests.',
  }),
  'rate_limit.public_per_minute': perMinute(1500, 'Public requests per IP and minute.'),
  'rate_limit.onboarding_per_minute': perMinute(600, 'Onboardings per IP and minute.'),
  'rate_limit.auth_per_minute': perMinute(600, 'Logins per IP and minute.'),
  'rate_limit.orders_per_second': perSecond(800, 'Writes of orders per account and second.'),
  'rate_limit.orders_per_minute': perMinute(17_250, 'Writes of orders per account and minute.'),
  'rate_limit.interactive_orders_per_second': perSecond(
    3,
    'Orders placed or changed per account and second under sessions asked for with token_usage=interactive.',
  ),
  'rate_limit.interactive_orders_per_minute': perMinute(30, 'The same per minute.'),
  'rate_limit.interactive_orders_per_hour': perMinute(300, 'The same per hour.'),
  'rate_limit.interactive_orders_per_day': perMinute(1000, 'The same per 24 hours.'),
  'rate_limit.private_get_per_second': perSecond(120, 'Private reads per account and second.'),
  'rate_limit.private_get_per_minute': perMinute(600, 'Private reads per account and minute.'),
  'rate_limit.credential_orders_percent': percent(
    90,
    "Share of its account's order limits, interactive ones and orders.max_marks_per_account too, that one subkey may use. 100 = all. Main keys have all.",
  ),
  'rate_limit.credential_get_percent': percent(
    90,
    "Share of its account's limits for reads and all else that one subkey or read-only token may use. 100 = all. Main keys have all.",
  ),
  'rate_limit.account_logins_per_second': perSecond(120, 'Sessions opened per account and second, by whatever key.'),
  'rate_limit.account_logins_per_minute': perMinute(600, 'The same per minute.'),
  'rate_limit.credential_logins_percent': percent(
    90,
    'Share of these that one subkey may use, and one login signature that is sent again and again. 100 = all. Main keys have all.',
  ),
  'rate_limit.emergency_per_minute': perMinute(
    30,
    'Requests to sign out everywhere or revoke all, per account and minute: those that change nothing and, apart, those that the owner signed. No other is held up.',
  ),
  'rate_limit.private_per_minute': perMinute(1500, 'All private requests per IP and minute.'),
  'rate_limit.key_management_per_minute': perMinute(60, 'Subkey and token requests per account and minute.'),
  'rate_limit.activate_per_minute': perMinute(
    30,
    'Subkey activations and reports of leaked bearers (POST /countersign/v1/leaked) per IP and minute.',
  ),
  'rate_limit.handshakes_per_minute': integer(1500, {
    min: 1,
    max: 10_000_000,
    unit: 'handshakes',
    description:
      'TLS handshakes per IP and minute, at once as many as http.max_connections_per_address; further connections are closed. Trusted proxies are not counted.',
  }),
  'rate_limit.max_keys': integer(100_000, {
    min: 16,
    max: 10_000_000,
    unit: 'entries',
    description:
      'Addresses, accounts and credentials that are counted apart, per limit; when full, unknown ones share one count.',
  }),

  'orders.verify': choice('require', ['require', 'off'], {
    description:
      'Orders are forwarded only with a valid signature by a key of the session (docs/orders.md). Off leaves that to the venue.',
  }),
  'orders.unsigned_routes': choice('allow', ['allow', 'refuse'], {
    description:
      'What becomes of trade requests that carry no signature, such as cancels and RFQs: refuse answers them 403 (docs/orders.md).',
  }),
  'orders.repeats': choice('refuse', ['refuse', 'distinct_client_id'], {
    description:
      'An order that hashes like one that was sent: refuse it, or, with distinct_client_id, take it for another one under another client_id (docs/orders.md).',
  }),
  'orders.max_age': duration(300, {
    min: 1,
    max: 3600,
    description: 'Oldest signature_timestamp of an order. Within it, an order is forwarded once.',
  }),
  'orders.max_marks': integer(4_000_000, {
    min: 100,
    max: 20_000_000,
    unit: 'orders',
    description:
      'Forwarded orders that are remembered, so that none is forwarded twice: up to 64 bytes each. Without room, orders are answered 503.',
  }),
  'orders.max_marks_per_account': integer(1_200_000, {
    min: 50,
    max: 20_000_000,
    unit: 'orders',
    description:
      'The same of one account. What accounts have beyond a guaranteed share takes half of all at most (docs/orders.md). The default is enough for all single orders.',
  }),

  'engine.table_mib': integer(64, {
    min: 0,
    max: 2047,
    unit: 'MiB',
    description:
      'Memory for tables of Stark keys that sign often, which speed up verifying: half for the main thread, half for all workers together.',
  }),
  'engine.workers': countOrAuto({
    max: 64,
    unit: 'threads',
    description:
      'Threads that verify signatures under load, started when first needed. auto = cores - 1; 0 = the main thread does it all.',
  }),
  'engine.queue': integer(1024, {
    min: 1,
    max: 16_384,
    unit: 'requests',
    description:
      'Requests whose signatures may wait to be verified: so many without a session, and so many with one; a list of orders is one. One more is answered 503.',
  }),
  'engine.max_wait': duration(5, {
    min: 1,
    max: 60,
    description: 'How long a signature may wait to be verified; then 503, as whoever sent it will have given up.',
  }),
  'view.capacity': integer(100_000, {
    min: 1,
    max: 10_000_000,
    unit: 'entries',
    description: 'Credentials whose current state is kept in memory.',
  }),
  'bearer_cache.capacity': integer(100_000, {
    min: 1,
    max: 10_000_000,
    unit: 'entries',
    description: 'Verified tokens that are remembered, so that their signature is not checked again.',
  }),
};

function isLoopbackAddress(value: string): boolean {
  return value === '::1' || value.startsWith('127.');
}

// Digits and dots that are no address would be read as one by the system: 0 and 1.2 are whole networks to somebody.
function isHostName(value: string): boolean {
  return /^[A-Za-z0-9]([A-Za-z0-9.-]{0,252})$/.test(value) && !/^[\d.]+$/.test(value);
}

function isOrigin(value: string): boolean {
  return /^https?:\/\/[^*]+$/.test(value) && URL.canParse(value) && new URL(value).origin === value;
}

export type SettingName = keyof typeof settings;

/** The settings in force, by their dotted names. Deeply frozen: `config['login.max_age']`. */
export type Config = {
  readonly [Name in SettingName]: (typeof settings)[Name] extends Setting<infer Value> ? Value : never;
};

/** The same table, typed so that a generic name and its value stay together. */
export const settingOf: { readonly [Name in SettingName]: Setting<Config[Name]> } = settings;

export const isSettingName = (name: string): name is SettingName => Object.hasOwn(settings, name);

/** Every name, in the order of the table. */
export const settingNames: readonly SettingName[] = Object.keys(settings).filter(isSettingName);

/** `login.max_age` is `CSIGN_LOGIN_MAX_AGE`. Not COUNTERSIGN_*: Kubernetes sets those for a service of that name. */
export const variableOf = (name: string): string => `CSIGN_${name.toUpperCase().replaceAll('.', '_')}`;

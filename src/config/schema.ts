// Every setting there is: its kind, its default and one line of description. docs/configuration.md and the help of the
// flags are generated from this table. A default never weakens: what is dangerous must be asked for by name.
import { isIP } from 'node:net';
import { parseOverride } from '../access/figures.ts';
import { type Felt, feltOf, parseFelt } from '../domain/felt.ts';
import { isAddable, isSentByPages } from '../domain/request-headers.ts';
import { published } from './published.ts';
import { cidrList, list } from './setting-lists.ts';
import {
  boolean,
  choice,
  countOrAuto,
  duration,
  felt,
  integer,
  path,
  port,
  type Setting,
  secret,
  text,
  upstream,
} from './setting-types.ts';

const DAY_S = 86_400;
const KIB = 1024;
const MIB = 1024 * KIB;

// docs/wire.md section 2: text of digits, or of 0x and hex, would be signed as a number and not as these letters.
const shortString = {
  pattern: /^(?!0[xX][0-9a-fA-F]*$)(?!\d+$)[\x21-\x7e]{1,31}$/,
  expects: '1 to 31 ASCII characters without spaces that do not read as a number',
};

const hostLabel = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';
const domainPattern = new RegExp(`^(?=.{1,253}(:|$))${hostLabel}(\\.${hostLabel})*(:[1-9]\\d{0,4})?$`);

/** At least 32 characters: nobody guesses it. */
const operatorToken = /^([\x21-\x7e]{32,256})?$/;

export const settings = {
  'server.host': text('127.0.0.1', {
    short: 'host',
    pattern: { test: (value) => isIP(value) !== 0 || isHostName(value) },
    expects: 'an IP address or a host name',
    description: 'Address to listen on. Only this machine can reach the default; 0.0.0.0 or :: listens everywhere.',
    when: 'when clients, or the proxy in front, are on other machines',
  }),
  'server.port': integer(8080, {
    short: 'port',
    min: 0,
    max: 65_535,
    description: 'Port to listen on; 0 takes any free one.',
    when: 'when something else has the port',
  }),
  'tls.cert': path('', {
    mayBeEmpty: true,
    description:
      'PEM file of the TLS certificate and the chain above it; with tls.key, the server speaks HTTPS. Empty: plain HTTP. Read at start.',
    when: 'when no proxy in front ends TLS',
  }),
  'tls.key': path('', {
    mayBeEmpty: true,
    description:
      "PEM file of the private key of tls.cert, not encrypted; ours or root's, and for its owner alone (mode 0600), or for a group to read (0440, 0640).",
    when: 'together with tls.cert',
  }),
  'data.folder': path('./data', {
    short: 'data',
    description:
      'Folder of the database and of the settings file countersign.json; therefore not a setting of that file. Others may not write in it.',
    when: 'for every deployment: choose a disk that is backed up',
  }),
  'master_key.file': path('./countersign-master.key', {
    description:
      'File of the key that encrypts the JWT signing keys, mode 0600 (0440 from a secret mount). Keep it apart from the data folder and from backups.',
    when: 'for every deployment: choose a place that backups of the data do not copy',
  }),
  'routes.file': path('', {
    mayBeEmpty: true,
    description:
      'Route table of the API behind the gateway, which nobody else may write; empty is the built-in one of the Paradex API.',
    when: 'when your venue has other routes, or a route needs another permission or rate limit',
  }),
  'log.level': choice('info', ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
    description: 'The least important log line that is written.',
    when: 'while you look for a fault',
  }),
  'log.requests': choice('changes', ['changes', 'all', 'off'], {
    description:
      'Forwarded requests with a line of the log each: those that are no GET, all, or none. At log.level info or below.',
    when: 'when the venue keeps such a log (off), or reads matter too (all)',
  }),
  'log.requests_per_minute': integer(30_000, {
    min: 100,
    max: 1_000_000,
    unit: 'lines',
    description:
      'Lines of log.requests in a minute at most, half of them for accounts with few. More are dropped and counted.',
    when: 'when countersign_request_lines_total shows dropped ones, or to bound the log',
  }),
  'clock.accept': boolean(false, {
    description:
      'Starts although the clock of the machine is more than 30 days ahead of all that the data has seen. For one start, once you know that it is right.',
    when: 'when a start is refused for it, for that start alone',
  }),
  'memory.entries': integer(100_000, {
    min: 16,
    max: 10_000_000,
    unit: 'entries',
    description:
      'Credentials, verified bearers, used proofs of devices (65,536 at most), addresses and accounts of each limit in memory; beyond it limits share one count.',
    when: 'when more credentials than that are active, or to bound memory',
  }),

  'operator.host': text('127.0.0.1', {
    pattern: { test: (value) => isIP(value) !== 0 && isLoopbackAddress(value) },
    expects: 'a loopback address: 127.0.0.1 or ::1',
    description: 'Address of the operator API. Only this machine can reach it; it has no TLS of its own.',
    when: 'where there is no IPv4',
  }),
  'operator.port': port('auto', {
    description:
      'Port of the operator API: auto is the one after server.port, or a free one where that is taken or server.port is 0. 0 takes any free one.',
    when: 'when Prometheus needs a fixed one',
  }),
  'operator.socket': choice('beside', ['beside', 'only', 'off'], {
    description:
      'The unix socket operator.sock in the data folder, mode 0600, for the operator API: beside its port, in its place, or none. Commands use it.',
    when: 'when other users of the machine must not reach even the port (only), or the file system has no sockets (off)',
  }),
  'operator.token': secret({
    pattern: operatorToken,
    expects: '32 to 256 printable ASCII characters without spaces, or empty',
    description:
      'The bearer of the operator API, never a flag. Empty: the one in operator.token of the data folder, made at the first start.',
    when: 'when a secret store hands it out',
  }),
  'metrics.token': secret({
    pattern: operatorToken,
    expects: '32 to 256 printable ASCII characters without spaces, or empty',
    description:
      'A bearer that may read GET /metrics of the operator API and nothing else, never a flag. Empty: no bearer is needed for that.',
    when: 'when other users of the machine must not read the figures',
  }),

  'upstream.url': upstream({
    short: 'upstream',
    description:
      'The venue behind the gateway: http(s)://host:port/base, unix:/path/to.sock or unix:/path/to.sock:/base. Empty starts the built-in demo venue.',
    when: 'for every deployment',
  }),
  'upstream.proof': choice('none', ['none', 'secret'], {
    notYet: ['assertion', 'mtls'],
    description:
      'How the venue knows that a request comes from this gateway. Another machine needs secret: a header Countersign-Upstream-Secret.',
    when: 'when the venue is on another machine, or other programs of this one can reach it',
  }),
  'upstream.secret': secret({
    pattern: /^([\x21-\x7e]{32,256})?$/,
    expects: '32 to 256 printable ASCII characters without spaces, or empty',
    description:
      'The secret of upstream.proof = secret, at least 32 characters. Settings file or environment only, never a flag.',
    when: 'together with upstream.proof',
  }),
  'upstream.connections': integer(128, {
    min: 1,
    max: 4096,
    unit: 'connections',
    description:
      'Open connections to the venue at most. Of them a client may use 25 %, a network 75 % (50 % with sessions, 50 % without), all without a session 75 %.',
    when: 'when countersign_venue_queue grows while the venue is idle',
  }),
  'upstream.queue': integer(1024, {
    min: 0,
    max: 100_000,
    unit: 'requests',
    description:
      'Requests that may wait for a connection: this many with a session, as many without; of both a sixteenth more whose body is streamed. One more: 503.',
    when: 'when clients would rather be refused at once than wait',
  }),
  'upstream.timeout': duration(30, {
    min: 1,
    max: 600,
    description:
      'Deadline of a forwarded request, from its arrival to the end of its answer; then 503. Opening a connection may take 2 s of it.',
    when: 'when the venue answers something slower than that',
  }),
  'upstream.request_headers': list<string>([], {
    max: 100,
    expects: 'names of headers that may pass at all (docs/route-table.md), or *',
    item: (value) => (value === '*' || isAddable(value) ? value.toLowerCase() : undefined),
    description:
      'Headers of clients that reach the venue besides those of docs/route-table.md. * = all that no rule forbids: for a venue that believes none of them.',
    when: 'when the venue reads a header of its own',
  }),
  'upstream.memory': integer(128 * MIB, {
    min: 2 * MIB,
    max: 32 * 1024 * MIB,
    unit: 'bytes',
    description:
      'Memory for request bodies (half) and for answers that clients read slowly (half; one answer: a thirty-second). Shared out like the connections.',
    when: 'when answers are large and clients slow, or to bound memory',
  }),

  'proxy.trusted': cidrList({
    description:
      'Proxies in front of this server whose X-Forwarded-For and -Proto are believed: addresses, CIDR ranges, or unix for its unix socket. None by default.',
    when: 'when there is a proxy in front: without it every client has its address',
  }),
  'cors.origins': list<string>([], {
    max: 100,
    expects: 'origins such as https://app.example',
    item: (value) => (isOrigin(value) ? value : undefined),
    description: 'Web pages that may call this API from a browser. None by default; * is not accepted.',
    when: 'when a web page of another origin uses the API',
  }),
  'cors.headers': list<string>([], {
    max: 100,
    expects:
      'names of headers that a page may set (not Cookie, Origin, Sec-*) and that may pass at all (docs/route-table.md); those of the wire, as Authorization, need not be named',
    item: (value) => (isSentByPages(value) ? value.toLowerCase() : undefined),
    description:
      'Headers that those pages may send besides the ones of the wire. The venue sees them only with upstream.request_headers. * is not accepted.',
    when: 'when such a page sends a header of its own',
  }),

  'http.max_forward_body_bytes': integer(MIB, {
    min: KIB,
    max: 64 * MIB,
    unit: 'bytes',
    description:
      'Largest request body that is forwarded to the venue; more is answered 413. Our own routes take 64 KiB.',
    when: 'when the venue takes uploads',
  }),
  'http.max_header_bytes': integer(16 * KIB, {
    min: 4 * KIB,
    max: 64 * KIB,
    unit: 'bytes',
    description:
      'Largest request head, request line included; more is answered 431. A target (path and query) may have half of it; more is answered 414.',
    when: 'when a proxy in front adds long headers',
  }),
  'http.max_connections': integer(4096, {
    min: 1,
    max: 1_000_000,
    unit: 'connections',
    description:
      'Open client connections at most. When one more comes, the network with most loses the one idle for longest; when none is idle, the new one is closed.',
    when: 'when more clients than that stay connected',
  }),
  'http.max_connections_per_address': integer(512, {
    min: 1,
    max: 1_000_000,
    unit: 'connections',
    description:
      'The same of one IPv4 address or IPv6 /64; an IPv6 /48 has four times as many, but no more than half of all. Trusted proxies are not counted.',
    when: 'when one customer needs more from one address',
  }),
  'http.request_timeout': duration(30, {
    min: 1,
    max: 600,
    description: 'How long a client may take to send a whole request; then 408.',
    when: 'when clients upload over slow lines',
  }),
  'http.keep_alive_timeout': duration(65, {
    min: 1,
    max: 600,
    description: 'How long an idle client connection stays open. Longer than that of the proxy in front.',
    when: 'when the proxy in front keeps connections longer than that',
  }),
  'http.drain_timeout': duration(10, {
    min: 0,
    max: 600,
    description:
      'How long a stopping server waits for requests under way before it cuts them. Who still waits for the venue is answered 503 with data.sent.',
    when: 'when your supervisor kills sooner, or requests take longer',
  }),

  'wire.domain_name': text('Paradex', {
    ...shortString,
    description: 'Name in the signed domain of every Stark signature. Real clients sign Paradex.',
    when: 'when all clients are your own',
  }),
  'wire.starknet_chain_id': text('PRIVATE_SN_POTC_MOCK_SEPOLIA', {
    ...shortString,
    description:
      'Chain id in the signed domain. A login signature is valid on every service with the same one. paradex-py knows four names only.',
    when: 'for every deployment: to the one that your clients sign',
  }),
  'wire.l1_chain_id': integer(11_155_111, {
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    description: 'Ethereum chain id of wallet (SIWE) logins, and of GET /v1/system/config.',
    when: 'when wallets are on another chain',
  }),
  'wire.allow_mainnet': boolean(false, {
    description:
      'Permits mainnet chain ids and the production domains of paradex.trade: a signature made here is then valid on the live venue, and the reverse.',
    when: 'when you mean exactly that',
  }),
  'wire.paraclear_account_hash': felt(feltOf(0x41cb0280ebadaa75f996d8d92c6f265f6d040bb3ba442e5f86a554f1765244en), {
    description:
      'Account class hash. With the two below it decides every address: never change it once accounts exist.',
    when: 'before the first account, when your addresses are derived from other classes',
  }),
  'wire.paraclear_account_proxy_hash': felt(
    feltOf(0x3530cc4759d78042f1b543bf797f5f3d647cde0388c33734cf91b7f7b9314a9n),
    { description: 'Account proxy class hash.', when: 'together with wire.paraclear_account_hash' },
  ),
  'wire.paraclear_evm_account_hash': felt(feltOf(0x073414441639dcd11d1846f287650a00c60c416b9d3ba45d31c651672125b2c2n), {
    description: 'Class hash of accounts that belong to an Ethereum wallet.',
    when: 'together with wire.paraclear_account_hash',
  }),
  'wire.published': published({
    description:
      'Facts that GET /v1/system/config publishes and nothing else reads: members of docs/configuration.md, each with a default.',
    when: 'for every deployment: what your clients read there',
  }),
  'siwe.domains': list<string>(['app.testnet.paradex.trade'], {
    max: 100,
    expects: 'lower-case host names, each with an optional port',
    item: (value) => (domainPattern.test(value) ? value : undefined),
    description:
      'Domains that a wallet login may name. Not set: the default, the host of console.url, and localhost and 127.0.0.1 at the port in use. Set: exactly the list.',
    when: 'when wallets sign in on a site of your own',
  }),

  'console.enabled': boolean(true, {
    description:
      'Serves the console, in which owners make, watch and end keys in a browser, at /console (docs/console.md).',
    when: 'when owners use a page of your own, or commands alone',
  }),
  'console.url': text('', {
    pattern: { test: (value) => value === '' || isConsoleOrigin(value) },
    expects: 'an https origin such as https://keys.example.com, http on localhost or 127.0.0.1 alone, or empty',
    description:
      'The address at which people open the console: for links that hand a key to a phone, and a domain of wallet logins unless siwe.domains is set.',
    when: 'for every deployment',
  }),
  'console.own_host': boolean(false, {
    description:
      'The host of console.url serves the console and our own API, and nothing of the venue; other hosts serve no console. Told apart by the Host header.',
    when: 'for every deployment that can have a second host name: the venue is then no part of the origin that keys are managed on',
  }),
  'console.api_url': text('', {
    pattern: { test: (value) => value === '' || isOrigin(value) },
    expects: 'an origin such as https://api.example.com, or empty',
    description:
      'The address at which bots reach the API, for what the console writes for them. Empty: that of the console.',
    when: 'together with console.own_host, on whose host there is no venue',
  }),
  'console.wallet_derivation': choice('auto', ['auto', 'on', 'off'], {
    description:
      "Whether the console offers accounts whose main key is made from a wallet's signature. auto = off when wire.l1_chain_id is 1: such keys exist elsewhere.",
    when: 'when owners expect the account that such a key has elsewhere (on), or shall have wallet accounts alone (off)',
  }),

  'login.max_age': duration(7 * DAY_S, {
    min: 1,
    max: 7 * DAY_S,
    description:
      'Longest life of a login signature, inclusive; one public client signs 7 days, wallets 10 minutes at most. Without an expiration it is 1800 s, or this if less.',
    when: 'to harden, once you know what your clients sign',
  }),
  'login.future_tolerance': duration(30, {
    min: 0,
    max: 300,
    description: 'How far ahead of our clock a signed timestamp may be.',
    when: "when clients' clocks are worse than that",
  }),
  'login.plain_subkey': boolean(true, {
    description: 'Accept subkey signatures on POST /v1/auth without a key in the path, as ccxt sends them.',
    when: 'to harden, when no client does so',
  }),
  'login.single_use': boolean(false, {
    description:
      'A login signature opens one session, for the key that made it. Off by default: two processes with one key send byte-identical logins in the same second.',
    when: 'to harden, when each process has a key of its own',
  }),

  'onboarding.allowlist': list<Felt | '*'>(['*'], {
    max: 10_000,
    expects: '0x hex public keys and addresses, or *',
    item: (value) => (value === '*' ? value : parseFelt(value)),
    description:
      'Main public keys, account addresses and Ethereum addresses that may onboard, compared as numbers. * = anyone; an empty list = nobody.',
    when: 'when accounts are made for customers you know',
  }),
  'onboarding.siwe_issued_at_required': boolean(false, {
    description: 'Refuse wallet onboarding without Issued At. The published example omits it.',
    when: 'to harden, when your clients send it',
  }),

  'subkeys.require_signature': boolean(true, {
    description:
      'Registering a subkey needs the signature of the main key or wallet, so that a stolen session cannot become a lasting key.',
    when: 'when a client registers without it and you accept that risk',
  }),
  'subkeys.max_live': integer(20, {
    min: 0,
    max: 10_000,
    unit: 'subkeys',
    description: 'Live subkeys per account at most.',
    when: 'when an owner runs more bots than that',
  }),
  'subkeys.max_pending': integer(5, {
    min: 0,
    max: 1000,
    unit: 'subkeys',
    description: 'Pending subkeys per account at most.',
    when: 'when an owner sets up many devices at once',
  }),
  'subkeys.pending_life': duration(900, {
    min: 30,
    max: DAY_S,
    description: 'How long a pending subkey may wait to be activated.',
    when: 'when a hand-off to another device takes longer',
  }),
  'subkeys.reregister_revoked': boolean(false, {
    description: 'A revoked subkey may be registered again.',
    when: 'when keys are derived from a seed and cannot be made anew',
  }),
  'subkeys.may_set_leverage': boolean(false, {
    description: 'Subkeys may set leverage and margin mode (POST /v1/account/margin/{market}).',
    when: 'when bots manage their own margin',
  }),

  'devices.max_life': duration(8 * 3_600, {
    min: 300,
    max: 30 * DAY_S,
    description:
      'Longest life of a device: a browser or command line that an owner signed in. Without lifetime_seconds it is this.',
    when: 'when owners must sign in more often than each working day, or less',
  }),
  'devices.max_live': integer(20, {
    min: 0,
    max: 10_000,
    unit: 'devices',
    description: 'Live devices per account at most; 0 = nobody signs one in.',
    when: 'when an account has more browsers and command lines than that',
  }),
  'explain.rows_per_account': integer(500, {
    min: 0,
    max: 100_000,
    unit: 'rows',
    description:
      'Refused requests that an account can ask about (GET /countersign/v1/explain); the newest are kept. 0 keeps none.',
    when: 'when owners ask about refusals that are gone already',
  }),
  'explain.keep_days': integer(7, {
    min: 0,
    max: 365,
    unit: 'days',
    description: 'Days for which refused requests can be asked about; they hold addresses of clients. 0 keeps none.',
    when: 'when addresses may not be kept that long, or owners ask later',
  }),
  'explain.max_rows': integer(200_000, {
    min: 1_000,
    // Each write counts them all: a million is 6 ms. Once in a thousand rows beyond it looks for who has the most: 100 ms.
    max: 1_000_000,
    unit: 'rows',
    description:
      'Refused requests that are kept in all, of some 730 bytes each; the oldest of the accounts with the most go first.',
    when: 'when the disk is small, or many accounts are refused a lot',
  }),

  'tokens.max_live': integer(20, {
    min: 0,
    max: 10_000,
    unit: 'tokens',
    description: 'Live read-only tokens per account at most.',
    when: 'when an owner feeds more dashboards than that',
  }),
  'tokens.may_read_keys': boolean(false, {
    description: 'Read-only tokens may list subkeys and tokens.',
    when: 'when a monitor watches the keys of an account',
  }),
  'terminal_token.enabled': boolean(false, {
    description:
      'Interactive main sessions may ask for a terminal token (POST /v1/account/terminal-token). Off: 403, and its key is retired at start.',
    when: "when the venue's terminal takes them",
  }),
  'usage.keep_days': integer(90, {
    min: 0,
    max: 1100,
    unit: 'days',
    description:
      'Days (UTC) to keep what each credential was used for, and from which addresses. 0: none of it, nor when it was last used.',
    when: 'when owners must see further back, or when a policy forbids keeping addresses',
  }),
  'jwt.issuer': text('countersign', {
    pattern: /^[\x21-\x7e]{1,128}$/,
    expects: '1 to 128 printable ASCII characters without spaces',
    description: 'The iss claim of our JWTs. Changing it ends every session and every read-only token.',
    when: 'before the first account, when the venue tells services apart by it',
  }),
  'signing_keys.max_age': duration(90 * DAY_S, {
    min: 0,
    max: 3650 * DAY_S,
    description:
      'Age at which a JWT signing key is replaced by a new one; the old one is kept until nothing it signed is valid. 0 = never.',
    when: 'when a policy of yours says another age',
  }),
  'signing_keys.publish_delay': duration(60, {
    min: 0,
    max: DAY_S,
    description:
      'How long a new signing key stands in jwks.json before it signs. As long as your venue remembers that document.',
    when: 'when the venue keeps jwks.json longer than that',
  }),

  'rate_limit.enabled': boolean(true, {
    short: 'rate-limit',
    description: 'Limit request rates. Off only for load tests.',
    when: 'for a load test',
  }),
  'rate_limit.override': list<string>([], {
    max: 100,
    expects: 'figures such as orders=800/s, keys=60/min or orders=90%',
    item: (value) => (parseOverride(value) === undefined ? undefined : value),
    description:
      'Figures in place of those of the route table, listed below: counts per s, min, h or day, or the share that one subkey or token may use.',
    when: 'when your venue allows more, or less',
  }),

  'orders.verify': choice('require', ['require', 'off'], {
    description:
      'Orders are forwarded only with a valid signature by a key of the session (docs/orders.md). Off leaves that to the venue.',
    when: 'when orders are not signed as on Paradex',
  }),
  'orders.unsigned_routes': choice('allow', ['allow', 'refuse'], {
    description:
      'What becomes of trade requests that carry no signature, such as cancels and RFQs: refuse answers them 403 (docs/orders.md).',
    when: 'to harden, when no bot cancels by itself',
  }),
  'orders.repeats': choice('refuse', ['refuse', 'distinct_client_id'], {
    description:
      'An order that hashes like one that was sent: refuse it, or, with distinct_client_id, take it for another one under another client_id (docs/orders.md).',
    when: 'when a client signs whole seconds',
  }),
  'orders.max_age': duration(300, {
    min: 1,
    max: 3600,
    description: 'Oldest signature_timestamp of an order. Within it, an order is forwarded once.',
    when: 'when orders are signed long before they are sent, or to harden',
  }),
  'orders.max_marks': integer(4_000_000, {
    min: 200,
    max: 20_000_000,
    unit: 'orders',
    description:
      'Forwarded orders that are remembered, so that none is sent twice: up to 64 bytes each, three tenths for one account. Without room: 503 (docs/orders.md).',
    when: 'when countersign_order_marks comes near it',
  }),

  'engine.table_mib': integer(64, {
    min: 0,
    max: 2047,
    unit: 'MiB',
    description:
      'Memory for tables of Stark keys that sign often, which speed up verifying: half for the main thread, half for all workers together.',
    when: 'when more than about a thousand keys sign often',
  }),
  'engine.workers': countOrAuto({
    max: 64,
    unit: 'threads',
    description:
      'Threads that verify signatures under load, started when first needed. auto = cores - 1; 0 = the main thread does it all.',
    when: 'when other programs need the cores',
  }),
  'engine.queue': integer(1024, {
    min: 1,
    max: 16_384,
    unit: 'requests',
    description:
      'Requests whose signatures may wait, 5 s at most, to be verified: this many without a session, as many with one; a list of orders is one. One more: 503.',
    when: 'when clients would rather be refused at once than wait',
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

/** Its host, with a port, must be able to stand in a wallet's message. */
function isConsoleOrigin(value: string): boolean {
  if (!isOrigin(value)) return false;
  const { protocol, host, hostname } = new URL(value);
  const isOfThisMachine = hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '127.0.0.1';
  return domainPattern.test(host) && (protocol === 'https:' || isOfThisMachine);
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

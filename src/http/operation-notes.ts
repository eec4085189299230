// What people need to know of our own operations and no schema says: the words of openapi.json and of /docs.
// Text only; nothing here decides anything.
import type { ErrorCode } from '../errors.ts';
import type { JsonObject } from './openapi-schemas.ts';

/** In the order in which they are shown: that in which somebody new needs them. */
export const operationGroups = [
  'Start here',
  'Onboarding',
  'Login',
  'Subkeys',
  'Read-only tokens',
  'Emergency',
  'Health',
] as const;

export interface OperationNote {
  readonly group: (typeof operationGroups)[number];
  readonly summary: string;
  readonly description?: string;
  /** Names of `headerParameters`; one that ends in `?` may be left out. */
  readonly headers?: readonly string[];
  /** Schemas of query parameters that the route declares none of, by name. */
  readonly query?: Readonly<Record<string, JsonObject>>;
  /** Codes of this operation, besides those of every operation of its kind; with a status where it has another one here. */
  readonly errors?: readonly (ErrorCode | readonly [ErrorCode, number])[];
  /** The answer carries the receipt of a revocation. */
  readonly receipt?: true;
  /** Paradex's API has no such operation. */
  readonly extension?: true;
  /** Of an answer that is no JSON. */
  readonly mediaType?: string;
}

/** A description, and what more is to be said of the text than that it is one. */
interface TextNote {
  readonly description?: string;
  readonly pattern?: string;
  readonly maxLength?: number;
  readonly enum?: readonly string[];
}

const felt = { pattern: '^0[xX][0-9a-fA-F]{1,64}$' };
const seconds = { pattern: '^[0-9]{1,12}$' };

export const headerParameters: Readonly<Record<string, TextNote>> = {
  'PARADEX-STARKNET-ACCOUNT': {
    description: 'The account: its Starknet address, 0x hex. Also when a subkey signs.',
    ...felt,
  },
  'PARADEX-STARKNET-SIGNATURE': {
    description: 'JSON array ["r","s"] of two strings, decimal or 0x hex: the Stark signature.',
    maxLength: 256,
  },
  'PARADEX-TIMESTAMP': { description: 'When it was signed, in unix seconds.', ...seconds },
  'PARADEX-SIGNATURE-EXPIRATION': {
    description:
      'Until when the signature may log in, in unix seconds. Left out: login.default_age after the timestamp.',
    ...seconds,
  },
  'PARADEX-ETHEREUM-ACCOUNT': { description: 'A label of the account, kept and never proven. 0x0 is accepted.' },
  'PARADEX-EVM-SIGNATURE': {
    description: '0x hex of 65 bytes: the EIP-191 signature of the message, with a low s.',
    pattern: '^0[xX][0-9a-fA-F]{130}$',
  },
  'PARADEX-SIWE-MESSAGE': { description: 'Base64 of the EIP-4361 message, byte for byte as it was signed.' },
  'PARADEX-AUTHORIZE-ISOLATED-MARKETS': {
    description: 'true or false (default): the session may act for isolated-market accounts.',
    pattern: '^(?:[tT][rR][uU][eE]|[fF][aA][lL][sS][eE])$',
  },
};

/** Of parameters in paths. */
export const pathParameterNotes: Readonly<Record<string, TextNote>> = { public_key: felt };

/** Members of bodies, answers and queries, by name. */
export const memberNotes: Readonly<Record<string, string>> = {
  account_id: 'The account: its Starknet address.',
  account_signer_type: 'starknet or eip191.',
  allowed_cidrs: 'IP addresses and CIDR ranges that it may be used from, at most 50. Empty = anywhere.',
  created_at: 'Unix nanoseconds.',
  cursor: 'The next of the page before.',
  derivation_info: 'The class hashes that the address follows from.',
  encrypted_key: 'The private key of a pending subkey, encrypted by its maker: opaque to the server.',
  eph_public_key: 'Stark public key whose holder may activate the pending subkey.',
  eth_address: '0x and 40 hex digits.',
  evm_signature: '0x hex of 65 bytes, over siwe_message.',
  expires_at: 'Unix nanoseconds; 0 = never. Not in Paradex.',
  expires_in: 'Seconds until the subkey expires; 0 or left out = never. Not in Paradex.',
  expiry_at: 'Unix nanoseconds.',
  expiry_duration: 'Life in seconds, 60 to 31536000; default 86400.',
  include_revoked: 'As with_revoked.',
  jwt_token:
    'From a login the session, a JWT of 300 seconds to be sent as bearer; else the terminal token, which is no bearer.',
  kinds: 'subkey, token or both. Left out: both.',
  last_updated_at: 'Unix nanoseconds.',
  limit: 'Rows per page, 1 to 500; default 100.',
  lookup_id: 'Id of the token: a UUID, and the jti of the JWT.',
  name: '1 to 64 characters, for people.',
  next: 'The cursor of the next page; null on the last one. Not in Paradex.',
  public_key: 'Stark public key, 0x hex.',
  received: 'Always true: the answer does not tell whether the bearer was alive.',
  revoked_at: 'Unix nanoseconds; 0 = not revoked.',
  server_time: "The server's clock.",
  signature: 'Two strings r and s, decimal or 0x hex.',
  signature_expiry: 'Unix seconds, at most 600 after signature_timestamp.',
  signature_timestamp: 'Unix seconds.',
  siwe_message: 'The EIP-4361 message itself, not base64.',
  state: 'What it is now. Expired: past expires_at, or not activated in time.',
  timestamp: 'When it was signed, in unix seconds.',
  token: 'The bearer itself.',
  token_type: 'readonly (default), read_only, jwt or api_key: all of them a read-only JWT.',
  token_usage: 'interactive asks for a session with that claim; any other value is ignored.',
  updated_at: 'Unix nanoseconds.',
  valid_after: 'Unix nanoseconds. Sessions and login signatures made at or before it are dead.',
  vault_operator_index: 'Refused: there are no vault operators.',
  with_invalid: 'true or 1: revoked and expired tokens too.',
  with_revoked: 'true or 1: revoked subkeys too.',
};

/** Other values are ignored. */
const tokenUsage = { token_usage: { type: 'string', examples: ['interactive'] } };
const stark = ['PARADEX-STARKNET-ACCOUNT', 'PARADEX-STARKNET-SIGNATURE'];
const wallet = ['PARADEX-STARKNET-ACCOUNT', 'PARADEX-EVM-SIGNATURE', 'PARADEX-SIWE-MESSAGE'];
const isolated = 'PARADEX-AUTHORIZE-ISOLATED-MARKETS?';

/** Of the emergency routes, which take either these or a bearer. */
const ownerHeaders = [
  'PARADEX-STARKNET-ACCOUNT?',
  'PARADEX-STARKNET-SIGNATURE?',
  'PARADEX-TIMESTAMP?',
  'PARADEX-SIGNATURE-EXPIRATION?',
  'PARADEX-EVM-SIGNATURE?',
  'PARADEX-SIWE-MESSAGE?',
];
const ownerErrors = [
  'INVALID_REQUEST_PARAMETER',
  'NOT_ONBOARDED',
  'INVALID_STARKNET_ADDRESS',
  'INVALID_STARKNET_SIGNATURE',
  'INVALID_EVM_SIGNATURE',
  'INVALID_TIMESTAMP',
  'INVALID_BLOCK_EXPIRATION',
  'STARKNET_SIGNATURE_VERIFICATION_FAILED',
  'EVM_SIGNATURE_VERIFICATION_FAILED',
  'ETHEREUM_SIGNER_MISMATCH',
  'SIGNATURE_ALREADY_USED',
] as const;

const orOwner = (path: string, statement: string): string =>
  `Instead of a bearer it takes the owner's signature, when no session can be had too: the headers of a login, signed by the main key over the same typed data with path ${path}, or by the wallet over a message with the statement "${statement}". Good once and for nothing else, from any address, and of a locked account too.`;

const starkLogin: OperationNote = {
  group: 'Login',
  summary: 'Log in with a Stark key',
  description:
    'The signed message is the typed data of Request with method POST and path /v1/auth. The main key gives a main session, a subkey gives a subkey session. A body is ignored.',
  headers: [...stark, 'PARADEX-TIMESTAMP', 'PARADEX-SIGNATURE-EXPIRATION?', isolated],
  query: tokenUsage,
  errors: [
    'NOT_ONBOARDED',
    'INVALID_STARKNET_ADDRESS',
    'INVALID_STARKNET_SIGNATURE',
    'INVALID_TIMESTAMP',
    'INVALID_BLOCK_EXPIRATION',
    'STARKNET_SIGNATURE_VERIFICATION_FAILED',
    'SIGNATURE_ALREADY_USED',
    'INVALID_SUBKEY',
    'IP_NOT_ALLOWED',
    'REQUEST_NOT_ALLOWED',
  ],
};

const walletLogin: OperationNote = {
  group: 'Login',
  summary: 'Log in with an Ethereum wallet (EIP-4361)',
  description:
    'The message has the statement "Paradex Auth", Issued At and Expiration Time, at most ten minutes apart; its nonce is good once. A body is ignored.',
  headers: [...wallet, isolated],
  query: tokenUsage,
  errors: [
    'NOT_ONBOARDED',
    'INVALID_STARKNET_ADDRESS',
    'INVALID_EVM_SIGNATURE',
    'INVALID_TIMESTAMP',
    'INVALID_BLOCK_EXPIRATION',
    'EVM_SIGNATURE_VERIFICATION_FAILED',
    'SIGNATURE_ALREADY_USED',
    'ETHEREUM_SIGNER_MISMATCH',
    'REQUEST_NOT_ALLOWED',
  ],
};

const walletOnboarding: OperationNote = {
  group: 'Onboarding',
  summary: 'Make an account of an Ethereum wallet known',
  description: 'The message has the statement "Paradex Onboarding". Repeating it changes nothing.',
  headers: wallet,
  errors: [
    'INVALID_STARKNET_ADDRESS',
    'INVALID_EVM_SIGNATURE',
    'EVM_SIGNATURE_VERIFICATION_FAILED',
    'ETHEREUM_SIGNER_MISMATCH',
    'INVALID_TIMESTAMP',
    'INVALID_BLOCK_EXPIRATION',
    'INVALID_PARENT_ACCOUNT',
    'PUBLIC_KEY_INVALID',
    'ALLOWLIST_ENTRY_NOT_FOUND',
    'ONBOARDING_RATE_LIMITED',
  ],
};

/** By the name of the route. */
export const operationNotes: Readonly<Record<string, OperationNote>> = {
  'GET /v1/system/config': {
    group: 'Start here',
    summary: 'What a client must know before it signs: chain ids, class hashes, addresses',
  },
  'GET /v1/system/time': { group: 'Start here', summary: "The server's time, in unix milliseconds as text" },
  'GET /v1/jwks.json': {
    group: 'Start here',
    summary: 'The public keys that sessions and tokens are signed with (RFC 7517)',
  },
  'GET /countersign/v1/self': {
    group: 'Start here',
    summary: 'What the bearer of this request is, may do, and from where',
    description: 'The first place to look when a bot is refused.',
    extension: true,
  },
  'GET /openapi.json': { group: 'Start here', summary: 'This document', extension: true },
  'GET /docs': { group: 'Start here', summary: 'This document, for people', extension: true, mediaType: 'text/html' },
  'GET /docs/{page}': {
    group: 'Start here',
    summary: 'A page of the documentation of this release, as Markdown',
    description: '/llms.txt names them.',
    extension: true,
    mediaType: 'text/markdown',
  },
  'GET /llms.txt': {
    group: 'Start here',
    summary: 'An index of the documentation, for tools that read it (llmstxt.org)',
    extension: true,
    mediaType: 'text/plain',
  },
  'GET /llms-full.txt': {
    group: 'Start here',
    summary: 'The whole documentation as one text',
    extension: true,
    mediaType: 'text/plain',
  },
  'GET /': {
    group: 'Start here',
    summary: 'Leads a browser to /docs',
    description: 'A page where Accept names text/html; else 404, as for any path that is not there.',
    extension: true,
    mediaType: 'text/html',
    errors: ['NOT_FOUND'],
  },

  'GET /v1/onboarding': {
    group: 'Onboarding',
    summary: 'The account address of a public key or a wallet, and whether it is onboarded',
    description: 'account_signer_type starknet wants public_key; eip191 wants eth_address.',
    errors: [
      'INVALID_REQUEST_PARAMETER',
      'PUBLIC_KEY_INVALID',
      'INVALID_ETHEREUM_ADDRESS',
      'EVM_VAULT_OPERATORS_DISABLED',
      'ONBOARDING_RATE_LIMITED',
    ],
  },
  'POST /v1/onboarding': {
    group: 'Onboarding',
    summary: 'Make an account of a Stark key known',
    description:
      'The signed message is the typed data of Constant with action Onboarding. Repeating it changes nothing.',
    headers: [...stark, 'PARADEX-ETHEREUM-ACCOUNT'],
    errors: [
      'INVALID_STARKNET_ADDRESS',
      'INVALID_STARKNET_SIGNATURE',
      'STARKNET_SIGNATURE_VERIFICATION_FAILED',
      'PUBLIC_KEY_INVALID',
      'INVALID_PARENT_ACCOUNT',
      'ALLOWLIST_ENTRY_NOT_FOUND',
      'ONBOARDING_RATE_LIMITED',
    ],
  },
  'POST /v2/onboarding': walletOnboarding,
  'POST /v1/v2/onboarding': { ...walletOnboarding, extension: true },

  'POST /v1/auth': starkLogin,
  'POST /v1/auth/{public_key}': {
    ...starkLogin,
    summary: 'Log in with the Stark key in the path: the main key or a subkey',
    errors: [...(starkLogin.errors ?? []), 'PUBLIC_KEY_INVALID'],
  },
  'POST /v2/auth': walletLogin,
  'POST /v1/v2/auth': { ...walletLogin, extension: true },

  'GET /v1/account/keys/subkeys': { group: 'Subkeys', summary: 'List subkeys', errors: ['INVALID_REQUEST_PARAMETER'] },
  'POST /v1/account/keys/subkeys': {
    group: 'Subkeys',
    summary: 'Register a subkey: it may read and trade, and cannot withdraw',
    description:
      "Unless subkeys.require_signature is off, the main key must bless it: signature with signature_timestamp and signature_expiry (the Pedersen hash of account, public key and the two times), or a wallet's siwe_message and evm_signature. A pending one (state pending, encrypted_key, eph_public_key) works only after its activation. The same registration again, with the same proof, is answered as it was and done once.",
    errors: [
      'PUBLIC_KEY_INVALID',
      'NOT_UNIQUE',
      ['INVALID_SUBKEY', 400],
      'INVALID_STARKNET_SIGNATURE',
      'INVALID_EVM_SIGNATURE',
      'INVALID_TIMESTAMP',
      'STARKNET_SIGNATURE_VERIFICATION_FAILED',
      'EVM_SIGNATURE_VERIFICATION_FAILED',
      'SIGNATURE_ALREADY_USED',
      'ETHEREUM_SIGNER_MISMATCH',
      'ACCOUNT_NOT_FOUND',
    ],
  },
  'POST /v1/account/keys/subkeys/activate': {
    group: 'Subkeys',
    summary: 'Activate a pending subkey, once, and receive its encrypted key',
    description: 'Signed by the ephemeral key: the Pedersen hash of timestamp and eph_public_key.',
    errors: [
      'INVALID_STARKNET_ADDRESS',
      'INVALID_STARKNET_SIGNATURE',
      'PUBLIC_KEY_INVALID',
      'INVALID_TIMESTAMP',
      'SUBKEY_ALREADY_ACTIVATED',
      'SUBKEY_NOT_ACTIVATABLE',
      'REQUEST_NOT_ALLOWED',
      ['STARKNET_SIGNATURE_VERIFICATION_FAILED', 403],
      'NOT_FOUND',
    ],
  },
  'GET /v1/account/keys/subkeys/{public_key}': {
    group: 'Subkeys',
    summary: 'One subkey',
    errors: ['PUBLIC_KEY_INVALID', 'NOT_FOUND'],
  },
  'PUT /v1/account/keys/subkeys/{public_key}': {
    group: 'Subkeys',
    summary: 'Rename a subkey',
    errors: ['PUBLIC_KEY_INVALID', 'NOT_FOUND'],
  },
  'DELETE /v1/account/keys/subkeys/{public_key}': {
    group: 'Subkeys',
    summary: 'Revoke a subkey: its sessions are dead before the answer is sent',
    receipt: true,
    errors: ['PUBLIC_KEY_INVALID', 'NOT_FOUND'],
  },
  'PUT /v1/account/keys/subkeys/{public_key}/allowed-cidrs': {
    group: 'Subkeys',
    summary: 'Replace the allowlist of a subkey',
    receipt: true,
    errors: ['PUBLIC_KEY_INVALID', 'NOT_FOUND'],
  },

  'GET /v1/account/tokens': {
    group: 'Read-only tokens',
    summary: 'List read-only tokens',
    errors: ['INVALID_REQUEST_PARAMETER'],
  },
  'POST /v1/account/tokens': {
    group: 'Read-only tokens',
    summary: 'Make a read-only token; the answer is the only place that ever shows it',
    errors: ['TOKEN_LIMIT_REACHED'],
  },
  'DELETE /v1/account/tokens/{lookup_id}': {
    group: 'Read-only tokens',
    summary: 'Revoke a read-only token: it is dead before the answer is sent',
    receipt: true,
    errors: ['NOT_FOUND'],
  },
  'PUT /v1/account/tokens/{lookup_id}/allowed-cidrs': {
    group: 'Read-only tokens',
    summary: 'Replace the allowlist of a read-only token',
    receipt: true,
    errors: ['NOT_FOUND'],
  },
  'POST /v1/account/terminal-token': {
    group: 'Read-only tokens',
    summary: 'Attest the account to the terminal of the venue; off by default, and then 403',
    description:
      'Only for a session whose login asked for token_usage=interactive. The answer is a JWT of 300 seconds, less when the session ends sooner: typ terminal+JWT, aud dime-terminal, sub the account, signed by a key of jwks.json that signs nothing else. No endpoint accepts it.',
  },

  'POST /countersign/v1/sign-out-everywhere': {
    group: 'Emergency',
    summary: 'End every session and every login signature made until now',
    description: `Subkeys and tokens stay. The session that asks ends too. ${orOwner('/countersign/v1/sign-out', 'Countersign Sign Out')}`,
    headers: ownerHeaders,
    errors: ownerErrors,
    receipt: true,
    extension: true,
  },
  'POST /countersign/v1/revoke-all': {
    group: 'Emergency',
    summary: 'The panic button: sign out everywhere and revoke every subkey and token, or those of one kind',
    description: `Cancel your orders at the venue first: afterwards no login is accepted for login.future_tolerance + 1 seconds (31), which the refused login counts down in data.wait_seconds. ${orOwner('/countersign/v1/revoke-all', 'Countersign Revoke All')} A signature revokes everything: kinds is refused with one.`,
    headers: ownerHeaders,
    errors: ownerErrors,
    receipt: true,
    extension: true,
  },
  'POST /countersign/v1/self/revoke': {
    group: 'Emergency',
    summary: 'End the very subkey or token that calls this',
    description:
      'Whoever holds it may end it, its owner or a finder; from an address of its allowlist. Not a main key or wallet: 403. A subkey ends with all its sessions.',
    receipt: true,
    extension: true,
  },
  'POST /countersign/v1/leaked': {
    group: 'Emergency',
    summary: 'Report a bearer that was found where it should not be',
    description:
      'It ends if it is alive: a token is revoked, a session is signed out. The answer is the same either way.',
    extension: true,
  },

  'GET /healthz': { group: 'Health', summary: 'The process answers', extension: true },
  'GET /readyz': {
    group: 'Health',
    summary: 'It can decide; else 503, with the parts that fail',
    extension: true,
  },
};

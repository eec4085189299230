// Writes docs/errors.md: every code a caller can see and every reason a request can be denied for, from the lists the program
// itself uses. The words of "when" are here, by code and by reason, so that a new one does not compile without them.
// After a change of a list: npx node src/access/document.ts > docs/errors.md
import { type DenyReason, denyReasons } from '../domain/decision.ts';
import { type ErrorCode, errorStatus } from '../errors.ts';
import { refusalErrorOf } from './refusal.ts';

const whenCode: Readonly<Record<ErrorCode, string>> = {
  VALIDATION_ERROR:
    'A member of the body is out of range: a name, an allowlist entry, a lifetime, a state. Or the account has as many subkeys as subkeys.max_live or subkeys.max_pending allows.',
  BINDING_ERROR:
    'The body is not JSON that all parsers read alike (UTF-8, no name twice in any spelling, none like `__proto__`, `constructor` or `prototype`), or a member has the wrong type. Signed orders: also for another content type, charset or content encoding, no body, or no list of 1 to 50.',
  INVALID_REQUEST_PARAMETER:
    'A header, query parameter or body member is missing or malformed; or the request is not valid HTTP/1.1, or a GET with a body.',
  NOT_ONBOARDED:
    'Login: the account is unknown here. Onboard it first; it must be the account of the main key, also when a subkey signs.',
  INVALID_STARKNET_ADDRESS:
    'The account is not a 0x hex felt, or is zero; at onboarding, also: not the address of this key.',
  INVALID_STARKNET_SIGNATURE: 'The signature is not two strings of decimal or 0x hex digits.',
  PUBLIC_KEY_INVALID:
    'The public key is not a 0x hex felt, or not a point of its curve; that of a wallet: not 0x04 and 128 hex digits.',
  INVALID_TIMESTAMP:
    'The signed time is malformed, missing in a wallet message, too far ahead of the server, too old, or before a sign-out; at the registration of a subkey, also for its expiration. Where a clock that is off may be why, the message and data name the skew in seconds; a time in another unit is told its unit; after a sign-out, the message and data.wait_seconds say in how many a new signature will do.',
  INVALID_BLOCK_EXPIRATION:
    'Login and onboarding: the expiration of a signature is malformed, missing in a wallet message, in the past, before its timestamp, or too late.',
  INVALID_ETHEREUM_ADDRESS: 'An Ethereum address is not 0x and 40 hex digits.',
  INVALID_EVM_SIGNATURE:
    'The EIP-4361 message cannot be read, or has what no flow uses (a scheme, Not Before, Request ID, Resources): the message and data.field name it, as too_long, line_ends, first_line, scheme, domain, address, statement, uri, version, chain_id, nonce, issued_at, expiration_time, not_before, request_id, resources or trailing. Or the signature is not 65 bytes of hex with a low s.',
  INVALID_PARENT_ACCOUNT: 'Onboarding of a sub-account: there are none.',
  EVM_VAULT_OPERATORS_DISABLED: 'Onboarding lookup with vault_operator_index: there are no vault operators.',
  SUBKEY_NOT_ACTIVATABLE: 'Activation of a subkey that is active already, revoked, or too late.',
  SUBKEY_ALREADY_ACTIVATED:
    'Activation by the ephemeral key of a subkey that was activated before: data.activated_at, in nanoseconds, and data.client_ip say when and from which address. The ciphertext is given once.',
  NOT_UNIQUE:
    'The account has registered this subkey already, with another proof or other members, or another pending subkey has this eph_public_key. Operator API: more than one credential has that name; data.credentials names them.',
  INVALID_ORDER_SIGNATURE:
    'An order is not signed by a key of the session, is too old or too far ahead, or a member of it is not written as it must be. In a list, the message and data.index name it, from 0.',
  ORDER_ALREADY_SENT:
    'An order that hashes alike was sent to the venue already: data.first_sent_at (nanoseconds) and data.first_request_id say when and under which request. Look it up before you send anything in its place; another order needs another signature_timestamp, size or price, or with orders.repeats = distinct_client_id another client_id. In a list, data.index names it, from 0. Where it repeats an earlier order of its own list instead, data.first_index names that one and data.sent is false: nothing of the list was sent.',
  TOKEN_LIMIT_REACHED: 'The account has as many live tokens as tokens.max_live allows.',
  UNAUTHORIZED_ERROR: 'No bearer, or one that is malformed, expired, revoked or signed out. The message says which.',
  STARKNET_SIGNATURE_VERIFICATION_FAILED:
    'The signature is not by this key over this request. 403 at the activation of a subkey.',
  EVM_SIGNATURE_VERIFICATION_FAILED: 'The EIP-4361 message is for another domain, URI, chain or statement.',
  ETHEREUM_SIGNER_MISMATCH:
    'The signature is by another wallet than the one of the message, of the account, or of the public key at onboarding.',
  INVALID_SUBKEY:
    'Login: the key is no active subkey of the account. Registration (400): it is the main key, or was revoked.',
  SIGNATURE_ALREADY_USED:
    'A signature or wallet nonce that counts once was used before: data.used_at says when, in nanoseconds, where it is known. Nothing is wrong with the key; sign anew if the answer was lost.',
  INVALID_TOKEN_SCOPE:
    'The credential is alive, but its kind may not do this. A terminal token: the login was without token_usage=interactive.',
  IP_NOT_ALLOWED:
    "The client's address is not in the allowlist of the credential or of the subkey that signed the order, could not be told, or the list is damaged. data.client_ip is the address that was seen, or null: what an allowlist must hold.",
  REQUEST_NOT_ALLOWED:
    'The account is locked, or the operation is switched off: trade without a signature (orders.unsigned_routes), terminal tokens (terminal_token.enabled). Operator API: revoking a main key or wallet; rotating the key of a use that is off; /metrics by another name than an address or localhost, without metrics.token.',
  ALLOWLIST_ENTRY_NOT_FOUND:
    'Onboarding is closed (onboarding.allowlist) and neither this key nor this account is on its list.',
  ISOLATED_MARKET_ACCOUNT_MISMATCH:
    'An order for an isolated-market account (on_behalf_of_account) without the flag of the login.',
  NOT_FOUND:
    'No such path; or no such subkey or token in this account. Operator API: no such signing key or credential.',
  ACCOUNT_NOT_FOUND: 'The account is unknown.',
  METHOD_NOT_ALLOWED: 'The path exists with other methods: see the Allow header.',
  REQUEST_TIMEOUT:
    'The request did not arrive whole within http.request_timeout, or upstream.timeout on its way to the venue (data.sent says whether its head had left); or its body more slowly than 16 KiB a second.',
  PAYLOAD_TOO_LARGE:
    'The body is larger than 64 KiB, or http.max_forward_body_bytes on its way to the venue; signed orders: than 64 KiB; an emergency: than 1024 bytes.',
  URI_TOO_LONG: 'The request target is longer than half of http.max_header_bytes, or one part of it too long.',
  RATE_LIMITED: 'Too many requests. The body has only the message; see Retry-After and the X-RateLimit headers.',
  ONBOARDING_RATE_LIMITED: 'The same, on the onboarding routes.',
  HEADERS_TOO_LARGE: 'The request head is larger than http.max_header_bytes.',
  INTERNAL_ERROR:
    'A defect of this server. The message names the request id under which its log has the cause: in the first line about it, or in the one that counts its repeats, which names 20 of a minute.',
  SERVICE_UNAVAILABLE:
    'The store or the venue cannot be reached now, or is overloaded; or too much is waiting: requests for the venue (upstream.queue), bodies of signed orders (upstream.memory), signatures (engine.queue, or 5 s), remembered orders, remembered proofs of devices, requests on one connection. Retry-After says when to try again; without it the request had left (data.sent).',
};

const whenReason: Readonly<Record<DenyReason, string>> = {
  route_unknown: 'The route table lists no such path.',
  target_malformed: 'The path or query could be read in two ways, or is no origin form.',
  method_not_allowed: 'The path is listed, with other methods.',
  rate_limited: 'A bucket of the address, the account or the credential is empty.',
  bearer_missing: 'A private route without Authorization.',
  bearer_malformed:
    'No scheme, another than Bearer, not one token behind it (the message says which); not a canonical JWT, or longer than 4 KiB.',
  bearer_repeated: 'More than one Authorization header.',
  bearer_and_signature: "A bearer and the owner's signature on revoke-all or sign-out-everywhere, which take either.",
  bearer_wrong_kind: 'A JWT of ours, of a kind that is no bearer here.',
  bearer_unknown_key: 'Signed by a key that this server does not have.',
  bearer_signature: 'The signature does not verify.',
  bearer_claims: 'Signed by us, with claims that we do not issue, or for another issuer.',
  bearer_expired: 'Past its exp.',
  signing_key_retired: 'The key that signed it was retired.',
  account_unknown: 'The account of the bearer is not in the store.',
  account_locked: 'The operator has locked the account.',
  credential_unknown: 'The credential is not in the store, or not of this account.',
  credential_pending: 'The subkey is not activated yet.',
  credential_revoked: 'The credential was revoked.',
  credential_expired: 'The subkey or token is past its expiry.',
  signed_out: 'The session is older than a sign-out of its account or its credential.',
  permission_missing: 'The kind of credential does not hold the permission of the route.',
  read_only_method: 'A read-only token with another method than GET.',
  client_ip_unknown: "The client's address could not be told: nobody passes, whatever the allowlist.",
  ip_not_allowed: 'The address is outside the allowlist.',
  allowlist_damaged: 'The stored allowlist cannot be read back: nobody passes until it is replaced.',
  store_unavailable: 'The store could not be asked.',
  view_stale: 'What is in memory may be behind the store.',
  upstream_unavailable: 'The venue could not be reached, broke off or sent malformed headers.',
  upstream_timeout: 'The venue did not answer within upstream.timeout.',
  request_header_refused: 'A header cannot be forwarded as it stands.',
  order_refused:
    'An order is not signed as it must be (docs/orders.md), was sent before (400 ORDER_ALREADY_SENT), or is for an isolated-market account (403 ISOLATED_MARKET_ACCOUNT_MISMATCH).',
  route_unsigned: 'A trade route without signed orders, and orders.unsigned_routes is refuse.',
  store_lost:
    'The database is no longer the one that was opened, or another process writes to it: no bearer passes, and the server ends.',
};

const introduction = `# Errors

<!-- Generated from src/errors.ts, src/domain/decision.ts and src/access/refusal.ts: npx node src/access/document.ts > docs/errors.md -->

An answer that is no success has a JSON body of exactly three members:

\`\`\`json
{ "error": "INVALID_TOKEN_SCOPE", "message": "a read-only token may not do that", "data": null }
\`\`\`

Programs read \`error\` and the status; \`message\` is for people and may change. \`data\` is an object or null. A 429 has only \`message\`.
The id of the request is in the header \`Countersign-Request-Id\`, never in the body of a refusal. Both lists below only ever grow.

Where we answer in the venue's place, \`data.sent\` is true once the head of the request has left for the venue, whatever the code: it may
have been executed, so look it up before you send it again. Such an answer has no \`Retry-After\`, unless to a GET. Where
\`data.sent\` is not true, nothing of the request has left; 503 and 408 say so with false. A connection that ends without a whole answer
says nothing: look it up.

When a key is out, in this order: cancel at the venue, press revoke-all, sign in again, make new keys
([leaked-key.md](leaked-key.md)). After a revoke-all or a sign-out logins are refused for login.future_tolerance + 1 seconds:
\`INVALID_TIMESTAMP\`, whose \`data.wait_seconds\` says how many are left.

The other exception is \`/readyz\` at 503: \`{ "status", "checks" }\`, as at 200. What the venue answers is the venue's.

The headers \`X-RateLimit-Limit\`, \`-Remaining\`, \`-Reset\` and \`X-Ratelimit-Window\` are on every answer to a request that was counted. They
are missing while rate limits are off, and where a request was refused before it could be read: 400 for what is not HTTP/1.1 or has not
exactly one Host, 404 for CONNECT, 408 of http.request_timeout, 413 for chunk extensions, 414 for the whole target, 431, and 503 for too
many requests on one connection.

The hundredth 429 of ours on one connection says \`Connection: close\`, and the connection ends with it: who is told to wait should.
`;

const cell = (text: string): string => text.replaceAll('|', '\\|');

/** The whole text of docs/errors.md. */
export function errorsDocument(): string {
  const codes = Object.entries(whenCode).map(([code, when]) => {
    const status = Object.entries(errorStatus).find(([name]) => name === code)?.[1];
    return `| \`${code}\` | ${status} | ${cell(when)} |`;
  });
  const reasons = denyReasons.map((reason) => {
    const { code, status } = refusalErrorOf(reason);
    return `| \`${reason}\` | ${status} \`${code}\` | ${cell(whenReason[reason])} |`;
  });
  return `${introduction}
## Codes

| code | status | when |
|---|---|---|
${codes.join('\n')}

## Reasons of a denied request

Every request to a listed or unlisted path is decided before anything is served. The reason stands in the log, in the metrics and,
for a credential that was identified, in the audit log; the caller sees the code.

| reason | answer | when |
|---|---|---|
${reasons.join('\n')}
`;
}

if (import.meta.main) process.stdout.write(errorsDocument());

// The rules of this service: each with the file that decides it and a test that goes red without it. docs/rules.md is printed from here
// (npx node test/support/rules.ts > docs/rules.md), and test/unit/docs/rules.test.ts looks up every file, text and title.
import type { DenyReason } from '../../src/domain/decision.ts';

export interface RuleEntry {
  readonly rule: string;
  /** Of a refused request: as errors, metrics and the audit log name it. */
  readonly reasons?: readonly DenyReason[];
  readonly decidedBy: string;
  /** Stands in that file, where it is decided. */
  readonly text: string;
  readonly heldBy: string;
  /** Of a test there. */
  readonly title: string;
}

export interface RuleGroup {
  readonly about: string;
  readonly rules: readonly RuleEntry[];
}

const AUTHORIZE = 'test/unit/access/authorize.test.ts';
const ADMISSION = 'test/unit/http/admission.test.ts';
const RULES = 'src/access/rules.ts';

const byRules = (
  rule: string,
  reason: DenyReason,
  heldBy: string = AUTHORIZE,
  title = 'a private route refuses with %s',
): RuleEntry => ({
  rule,
  reasons: [reason],
  decidedBy: RULES,
  text: `'${reason}'`,
  heldBy,
  title,
});

export const ruleGroups: readonly RuleGroup[] = [
  {
    about: 'Which requests have a way in',
    rules: [
      {
        rule: 'A target with two readings has none: what was matched is byte for byte what is forwarded',
        reasons: ['target_malformed'],
        decidedBy: 'src/access/target.ts',
        text: 'export function parseTarget',
        heldBy: 'test/unit/access/target.test.ts',
        title: 'an accepted target is forwarded as it came but for one slash, and reads the same when read again',
      },
      {
        rule: 'With console.own_host the host of console.url has nothing of the venue, and no other host has the console',
        reasons: ['route_unknown'],
        decidedBy: 'src/access/host-routes.ts',
        text: 'return nameOf(line) === hostname ? resembling : elsewhere',
        heldBy: 'test/unit/access/host-routes.test.ts',
        title: 'the host %j, which resembles that of console.url, has neither the console nor anything of the venue',
      },
      {
        rule: 'A path that the route table does not list does not exist',
        reasons: ['route_unknown'],
        decidedBy: 'src/http/admission.ts',
        text: "deny('route_unknown')",
        heldBy: ADMISSION,
        title: 'admission refuses an unknown route fourth, charged as a public request',
      },
      {
        rule: 'A path has the methods that the table lists, and HEAD where we serve its GET',
        reasons: ['method_not_allowed'],
        decidedBy: 'src/http/admission.ts',
        text: "deny('method_not_allowed')",
        heldBy: ADMISSION,
        title: 'admission refuses another method fifth, with those that the path does have',
      },
      {
        rule: 'X-Forwarded-For is trusted only from proxies in proxy.trusted: the client is its rightmost address that is not one of them',
        decidedBy: 'src/http/kit/client-ip.ts',
        text: 'trusted',
        heldBy: 'test/unit/http/kit/client-ip.test.ts',
        title: 'the rightmost untrusted hop is the client: what it wrote itself stands left of it and is ignored',
      },
      {
        rule: 'Each request is charged to its address before anything is looked up, and to its account once it was authorized',
        reasons: ['rate_limited'],
        decidedBy: 'src/ratelimit/charges.ts',
        text: 'export',
        heldBy: ADMISSION,
        title: 'admission refuses by the limits of account and credential last; the grant is given back',
      },
      {
        rule: 'A full map of limits makes unknown keys share one count',
        decidedBy: 'src/ratelimit/buckets.ts',
        text: 'maxKeys',
        heldBy: 'test/unit/ratelimit/buckets.test.ts',
        title: 'keys not seen before share one bucket when the map of buckets is full',
      },
    ],
  },
  {
    about: 'Whose bearer it is',
    rules: [
      {
        rule: 'A private route needs a bearer',
        reasons: ['bearer_missing'],
        decidedBy: 'src/access/bearer.ts',
        text: 'bearer_missing',
        heldBy: AUTHORIZE,
        title: 'a private route refuses with %s',
      },
      {
        rule: 'A request has one Authorization header',
        reasons: ['bearer_repeated'],
        decidedBy: 'src/access/bearer.ts',
        text: 'bearer_repeated',
        heldBy: AUTHORIZE,
        title: 'two Authorization headers are refused although both are good, and although the second is empty',
      },
      {
        rule: 'A bearer and a signature of the owner do not come together',
        reasons: ['bearer_and_signature'],
        decidedBy: 'src/access/authorize.ts',
        text: 'bearer_and_signature',
        heldBy: AUTHORIZE,
        title: 'a private route refuses with %s',
      },
      {
        rule: 'A bearer is a JWT in its one spelling',
        reasons: ['bearer_malformed'],
        decidedBy: 'src/jwt/verify.ts',
        text: 'bearer_malformed',
        heldBy: 'test/unit/jwt/verify.test.ts',
        title: 'a bearer with any single character changed never verifies, even while the original is remembered',
      },
      {
        rule: 'A JWT of one kind never passes for one of another',
        reasons: ['bearer_wrong_kind'],
        decidedBy: 'src/jwt/verify.ts',
        text: 'bearer_wrong_kind',
        heldBy: 'test/unit/jwt/verify.test.ts',
        title: 'the JWT header cannot make the session key vouch for a token, nor the token key for a session',
      },
      {
        rule: 'It was signed by a key of ours',
        reasons: ['bearer_unknown_key', 'bearer_signature'],
        decidedBy: 'src/jwt/verify.ts',
        text: 'bearer_signature',
        heldBy: 'test/unit/jwt/verify.test.ts',
        title: 'a JWT signature of another key is refused',
      },
      {
        rule: 'Its claims are exactly those of its kind',
        reasons: ['bearer_claims'],
        decidedBy: 'src/jwt/verify.ts',
        text: 'bearer_claims',
        heldBy: 'test/unit/jwt/verify.test.ts',
        title: 'the claims of a token under the session kind, and of a session under the token kind, are refused',
      },
      {
        rule: 'It is dead from the second of its expiry on',
        reasons: ['bearer_expired'],
        decidedBy: 'src/jwt/verify.ts',
        text: 'bearer_expired',
        heldBy: 'test/unit/jwt/verify.test.ts',
        title: 'a bearer is good in the second before exp and dead from exp on, first seen or remembered',
      },
    ],
  },
  {
    about: 'Whether its credential may do that now',
    rules: [
      byRules('The key that signed the JWT is not retired', 'signing_key_retired'),
      byRules('The account exists', 'account_unknown'),
      byRules('The credential exists', 'credential_unknown'),
      byRules('A pending subkey does nothing', 'credential_pending'),
      byRules(
        'A revoked credential does nothing, from before its revocation is acknowledged',
        'credential_revoked',
        'test/revocation/view-model.test.ts',
        'nothing acknowledged as forbidden is allowed, with room for %i entries',
      ),
      byRules(
        'An expired credential does nothing',
        'credential_expired',
        'test/unit/access/rules.test.ts',
        'a credential expires at its moment: the nanosecond before it is alive',
      ),
      byRules(
        'A sign-out ends every session signed until then',
        'signed_out',
        'test/unit/access/rules.test.ts',
        'signing out everywhere ends a session signed in the same second, too',
      ),
      byRules('Nothing of a locked account does anything', 'account_locked'),
      byRules(
        'A credential does what its kind may do',
        'permission_missing',
        AUTHORIZE,
        'a private route refuses with %s',
      ),
      byRules(
        'A read-only token may GET and nothing else',
        'read_only_method',
        'test/unit/access/rules.test.ts',
        'a read-only token may not %j a path that it may GET',
      ),
      byRules(
        'Where the client address cannot be told, nothing is allowed',
        'client_ip_unknown',
        'test/unit/access/rules.test.ts',
        'a request from an address that could not be told is refused, also when the credential may be used anywhere',
      ),
      byRules('A credential is used from the addresses of its allowlist', 'ip_not_allowed'),
      byRules('A damaged allowlist allows no address', 'allowlist_damaged', 'test/unit/access/authorize.test.ts'),
      {
        rule: 'The allowlist is asked at login, too, after the signature: only the holder of the key learns that there is a list',
        decidedBy: RULES,
        text: 'export const loginRules',
        heldBy: 'test/operator/lock.test.ts',
        title: 'a login that the lock or its list refuses uses up neither its signature nor its nonce',
      },
      {
        rule: 'What is not known for certain is refused: a store that cannot be read, a view that lags, a database that is lost',
        reasons: ['store_unavailable', 'view_stale', 'store_lost'],
        decidedBy: 'src/access/authorize.ts',
        text: 'function unavailable',
        heldBy: AUTHORIZE,
        title: 'that the store failed is not remembered: the next request asks it again',
      },
    ],
  },
  {
    about: 'When something is ended',
    rules: [
      {
        rule: 'No change is acknowledged before this node has applied it: keyring, view, then what is under way',
        decidedBy: 'src/revocation/applied.ts',
        text: 'export function subscribersInOrder',
        heldBy: 'test/revocation/view-model.test.ts',
        title: 'nothing acknowledged as forbidden is allowed, with room for %i entries',
      },
      {
        rule: 'A revocation that cannot be written is answered 503 and holds on this node all the same',
        decidedBy: 'src/revocation/unwritten.ts',
        text: 'denials.remember(ended)',
        heldBy: 'test/revocation/commit.test.ts',
        title: 'a token revoked while the database cannot be written is dead on this node, and alive is only the other',
      },
      {
        rule: 'Nothing acknowledged is lost, however the process ends',
        decidedBy: 'src/store/transaction.ts',
        text: 'transaction',
        heldBy: 'test/process/kill-9.test.ts',
        title: 'nothing acknowledged is lost, and what was revoked stays refused, however often the server is killed',
      },
      {
        rule: 'A change has its audit row in its own transaction',
        decidedBy: 'src/credentials/record.ts',
        text: 'export async function record',
        heldBy: 'test/unit/architecture.test.ts',
        title: 'an audit row is written together with its change row by record() alone',
      },
      {
        rule: 'A caller who was ended meanwhile changes nothing',
        decidedBy: 'src/credentials/caller.ts',
        text: 'export async function requireStill',
        heldBy: 'test/http/ended-meanwhile.test.ts',
        title: 'a caller who was ended while its body was on the way does not %s',
      },
    ],
  },
  {
    about: 'Devices: what sees and ends, and never makes',
    rules: [
      {
        rule: 'No request of a device reaches the venue with an identity, whichever route and permission',
        reasons: ['permission_missing'],
        decidedBy: RULES,
        text: 'kind.reachesVenue || !toVenue',
        heldBy: 'test/http/devices.test.ts',
        title: 'no request of a device reaches the venue with an identity, over every route of the venue',
      },
      {
        rule: 'A device makes no device, and nothing else',
        decidedBy: 'src/domain/kinds.ts',
        text: "permissions: set('audit:read', 'keys:narrow', 'keys:read', 'self:read')",
        heldBy: 'test/http/devices.test.ts',
        title: 'a device, a subkey and a token make no device',
      },
      {
        rule: 'What ends and narrows replaces no list by a wider one, whatever list it had seen',
        decidedBy: 'src/credentials/require-may-replace.ts',
        text: "caller.principal.permissions.has('keys:manage')",
        heldBy: 'test/http/widening.test.ts',
        title: 'that the owner narrows at the same moment is not opened by a device that had seen the wider one',
      },
      {
        rule: 'A device registers a subkey by the signature of the main key or wallet alone, whatever the settings say',
        decidedBy: 'src/credentials/register-subkey.ts',
        text: "door === 'signature' || settings.signatureRequired",
        heldBy: 'test/http/signed-registration.test.ts',
        title:
          'a device registers with the signature of the main key or wallet, and with no other; the wire it may not use',
      },
      {
        rule: 'Of a token there is one live successor, and neither is replaced while both live',
        decidedBy: 'src/credentials/rotate-token.ts',
        text: 'await requireOneAtATime(tx, old)',
        heldBy: 'test/http/token-rotation.test.ts',
        title: 'of 50 rotations of one token at once one makes a successor, and the others are refused',
      },
      {
        rule: 'What is under way with a replaced token ends with it',
        decidedBy: 'src/revocation/applied.ts',
        text: "live.endBy(narrowsAt, subjects, 'credential_expired', position)",
        heldBy: 'test/revocation/commit.test.ts',
        title: 'the change that narrows later ends what is under way by then, and cuts nothing now',
      },
      {
        rule: 'Bots at the limits of their account and address do not keep an owner from seeing and ending them',
        decidedBy: 'src/ratelimit/charges.ts',
        text: "limiter.chargeIp(client, 'insisting')",
        heldBy: 'test/http/owner-bucket.test.ts',
        title:
          'a device sees and ends bots that have used up the limit of the address that both share; they stay refused',
      },
      {
        rule: 'Each request of a proven credential is counted once, and no count is lost to a full disk',
        decidedBy: 'src/usage/usage.ts',
        text: 'counts.putBack(use)',
        heldBy: 'test/process/usage.test.ts',
        title:
          'on a full disk nothing that is written is lost and no request waits; when there is room again, what was kept is written (needs prlimit)',
      },
      {
        rule: 'After a crash no credential shows more use than there was',
        decidedBy: 'src/usage/usage.ts',
        text: 'counts.written(use)',
        heldBy: 'test/process/usage.test.ts',
        title: 'after kill -9 no more is stored than was asked, and all that was asked half a minute before',
      },
      {
        rule: 'A proof opens one session, also of many that come at once',
        decidedBy: 'src/credentials/open-device-session.ts',
        text: "throw notSignedIn('proof_repeated')",
        heldBy: 'test/http/devices.test.ts',
        title: 'a proof opens one session, of 50 that come at once too, and also after both are long done',
      },
      {
        rule: 'Who fills a room that all accounts share keeps none out of it: the account with the most gives way',
        decidedBy: 'src/domain/fair-room.ts',
        text: 'countOf(owner) < largest',
        heldBy: 'test/http/full-proofs.test.ts',
        title: 'who fills it keeps no other account out',
      },
      {
        rule: 'What others are refused pushes out nothing that an account may ask about, unless it has more than they',
        decidedBy: 'src/store/sql/explanations.ts',
        text: 'Number(rows) > level',
        heldBy: 'test/contract/explainer.test.ts',
        title: 'of many accounts that fill all that is kept, none pushes out the rows of one that has few',
      },
      {
        rule: 'What a device did wrong is told in one word: a stranger does not learn whether there is one',
        decidedBy: 'src/credentials/open-device-session.ts',
        text: 'this device is not signed in here',
        heldBy: 'test/http/devices.test.ts',
        title: 'a proof with %s is not taken, and told in one word',
      },
      {
        rule: 'A device lives no longer than what ends the session that made it',
        decidedBy: 'src/store/sql/facts.ts',
        text: 'a.main_valid_after as own_valid_after',
        heldBy: 'test/contract/devices.test.ts',
        title: 'what ends the sessions of the main key or of the account is a fact of its devices',
      },
      {
        rule: 'An idle device holds no living session',
        decidedBy: 'src/credentials/open-device-session.ts',
        text: 'idleEnds < device.expiresAt ? idleEnds : device.expiresAt',
        heldBy: 'test/http/devices.test.ts',
        title:
          'each session begins the idle time anew; once a device is idle it opens none, and none of its sessions lives',
      },
    ],
  },
  {
    about: 'What is signed',
    rules: [
      {
        rule: 'A signature that may be used once is marked by account and message, never by signature',
        decidedBy: 'src/store/sql/marks.ts',
        text: 'useSignature',
        heldBy: 'test/http/subkeys.test.ts',
        title: 'a nonce counts once, for logins and registrations together',
      },
      {
        rule: 'Registering a subkey needs a fresh signature of the main key or wallet',
        decidedBy: 'src/credentials/register-subkey.ts',
        text: 'signatureRequired',
        heldBy: 'test/http/emergency.test.ts',
        title: 'signing out everywhere kills a registration that the main key signed before it',
      },
      {
        rule: 'An order is forwarded with a signature of a key that the session may trade with, and once',
        reasons: ['order_refused'],
        decidedBy: 'src/orders/check.ts',
        text: 'export function createOrderCheck',
        heldBy: 'test/gateway/orders.test.ts',
        title: 'a subkey whose revocation could not be written signs no more orders, under any session',
      },
      {
        rule: 'The id in the path of a changed order is the signed one',
        decidedBy: 'src/orders/read.ts',
        text: 'function readId',
        heldBy: 'test/gateway/orders.test.ts',
        title: 'the id in the path of a changed order is the signed one, in its one spelling',
      },
      {
        rule: 'orders.unsigned_routes = refuse: no request trades by a bearer alone',
        reasons: ['route_unsigned'],
        decidedBy: 'src/http/admission.ts',
        text: 'route_unsigned',
        heldBy: ADMISSION,
        title:
          'admission refuses a route that trades by the bearer alone eighth, where the setting refuses it; the grant is given back',
      },
    ],
  },
  {
    about: 'On the way to the venue',
    rules: [
      {
        rule: 'A header of a client passes when it is on the list, and identity headers are our own',
        reasons: ['request_header_refused'],
        decidedBy: 'src/gateway/headers.ts',
        text: 'export function outgoingHeaders',
        heldBy: 'test/gateway/forward.test.ts',
        title:
          'the method, the target and the body reach the venue as they were matched, with our headers and the venue as Host',
      },
      {
        rule: 'A venue that cannot be reached, or not in time, is 503, and says whether the request had left',
        reasons: ['upstream_unavailable', 'upstream_timeout'],
        decidedBy: 'src/gateway/forward.ts',
        text: 'upstream_timeout',
        heldBy: 'test/gateway/stale-connection.test.ts',
        title: 'a GET finds a connection that works also where all idle ones are stale',
      },
      {
        rule: 'A revocation cuts what is under way, and its receipt says what had left',
        decidedBy: 'src/revocation/live.ts',
        text: 'cut(',
        heldBy: 'test/revocation/awaits.test.ts',
        title: 'a request whose head had left is cut, and the receipt says that the venue may still act on it',
      },
      {
        rule: 'A change that left for the venue is one line of the log, with who signed what; nothing that the client wrote is in it',
        decidedBy: 'src/telemetry/request-lines.ts',
        text: 'log.info(membersOf(request))',
        heldBy: 'test/http/request-lines.test.ts',
        title:
          'an order that went to the venue is one line of the log: whose it is, who signed it, its hash, and how it ended',
      },
      {
        rule: 'Such lines have a bound a minute, half of it for accounts with few, and what is dropped is counted and told',
        decidedBy: 'src/telemetry/request-lines.ts',
        text: 'written >= perMinute / 2',
        heldBy: 'test/http/request-lines.test.ts',
        title:
          'of a barrage, lines beyond the bound of a minute are dropped, counted and told of, and another account still has its own',
      },
    ],
  },
  {
    about: "What the owner's side promises",
    rules: [
      {
        rule: 'A hand-off opens to the private key of the public key that its link names, and to nothing else: whatever differs is refused',
        decidedBy: 'src/client/hand-off.ts',
        text: "throw new HandOffDamaged('key')",
        heldBy: 'test/unit/client/hand-off.test.ts',
        title: 'a ciphertext that opens to another key than the named one is refused',
      },
      {
        rule: 'A code of a hand-off that is damaged is refused before anything is sent: it stays good',
        decidedBy: 'src/client/subkeys.ts',
        text: 'readHandOff(link)',
        heldBy: 'test/client/hand-off.test.ts',
        title: 'each byte of the link flipped is refused, and the code itself is still good',
      },
      {
        rule: 'A private key is written as 0x and 64 digits: clients of the wire take the last 64 characters',
        decidedBy: 'src/client/private-key.ts',
        text: "padStart(64, '0')",
        heldBy: 'test/unit/client/private-key.test.ts',
        title: 'a random private key is 0x and 64 digits, and makes a public key',
      },
      {
        rule: "A main key follows from a wallet's signature only if the wallet signs the same twice; of two readings the one whose account is known is taken",
        decidedBy: 'src/client/wallet-key.ts',
        text: '(await signed()) !== signature',
        heldBy: 'test/unit/client/wallet-key.test.ts',
        title: 'a wallet that signs differently each time gives no key',
      },
      {
        rule: 'Whoever installs the client installs no server: three libraries, and nothing else',
        decidedBy: 'pack-client.mjs',
        text: 'const DEPENDENCIES',
        heldBy: 'test/process/client-package.test.ts',
        title: 'the package of the client pulls in four packages, itself among them',
      },
      {
        rule: 'A main key is taken from no argument and from no environment variable',
        decidedBy: 'src/owner/main-key.ts',
        text: 'KEY_VARIABLE.test(name)',
        heldBy: 'test/process/owner-refused.test.ts',
        title: 'a main key as an argument or in the environment is refused with the reason, and not repeated',
      },
      {
        rule: 'A secret that would have nowhere to go is not made',
        decidedBy: 'src/owner/new-secret.ts',
        text: 'needs --out <file> or --show',
        heldBy: 'test/process/owner-refused.test.ts',
        title: 'a secret that has nowhere to go is not made: without a terminal, --out or --show is needed',
      },
      {
        rule: 'A secret that was made and cannot be handed over is ended again',
        decidedBy: 'src/owner/new-secret.ts',
        text: 'making.end(made)',
        heldBy: 'test/process/owner-commands.test.ts',
        title: 'a secret that was made and cannot be handed over is ended again, and the command says so',
      },
      {
        rule: 'The key of a machine is used at the server it was made at, and nowhere else',
        decidedBy: 'src/owner/place.ts',
        text: 'profile.url === wanted',
        heldBy: 'test/process/owner-refused.test.ts',
        title: 'a device key goes to no server but its own',
      },
      {
        rule: 'Profiles that others may read are not used',
        decidedBy: 'src/owner/profiles.ts',
        text: "readGuarded(path, 'secret', MOST_BYTES)",
        heldBy: 'test/process/owner-refused.test.ts',
        title: 'a profile file of mode 0644 is refused with the chmod to type, and its key is not used',
      },
    ],
  },
  {
    about: 'How people sign in at the console',
    rules: [
      {
        rule: 'The worker of a main key at the console signs logins, onboardings and registrations of subkeys, which it builds itself, and nothing else',
        decidedBy: 'console/worker/main-key-room.ts',
        text: "purpose !== 'login'",
        heldBy: 'test/unit/console/main-key-room.test.ts',
        title: 'no request for %s',
      },
      {
        rule: 'It signs for one account, with one key: those of its first statement',
        decidedBy: 'console/worker/main-key-room.ts',
        text: 'bound.account !== account',
        heldBy: 'test/unit/console/main-key-room.test.ts',
        title: 'for the account and the chain of the first statement alone, and with that key alone',
      },
      {
        rule: 'A main key that was pasted at the console is never shown; one that was made there is, until it is saved',
        decidedBy: 'console/worker/main-key-room.ts',
        text: "refuse('not-shown')",
        heldBy: 'test/unit/console/main-key-room.test.ts',
        title: 'never one that was pasted',
      },
      {
        rule: 'A session of the main key or the wallet at the console is on one request',
        decidedBy: 'console/app/owner/bearer-once.ts',
        text: 'used.has(bearer)',
        heldBy: 'test/unit/console/bearer-once.test.ts',
        title: 'a bearer of the main key leaves on one request; another one, and what has none, is sent',
      },
      {
        rule: 'The device of a browser begins a session only after somebody pressed, tapped or moved something since the last one, or while a secret is shown',
        decidedBy: 'console/app/session/presence.ts',
        text: '!isThere && holds === 0',
        heldBy: 'test/unit/console/presence-and-limits.test.ts',
        title: 'when the page was loaded, and then only after a person did something since the last',
      },
      {
        rule: 'The key of the device of a browser is one that no script can export',
        decidedBy: 'console/app/session/device-record.ts',
        text: 'extractable === false',
        heldBy: 'test/unit/console/device-of-browser.test.ts',
        title: 'is none with %s',
      },
      {
        rule: 'A main key that is typed at the console is told to the server only when it is as long as a key: each of its beginnings would tell the next digit',
        decidedBy: 'console/pages/sign-in/key-steps.ts',
        text: 'digitsOf(text).length >= LOOKED_UP_FROM',
        heldBy: 'test/unit/console/sign-in-key.test.ts',
        title: 'a key that is typed digit by digit is told to nobody before it is as long as a key',
      },
      {
        rule: 'A sign-in at the console leads to a page of the console and nowhere else',
        decidedBy: 'console/app/next-path.ts',
        text: 'known.some((form) => form.test(next)) ? next : START',
        heldBy: 'test/unit/console/sign-in-next.test.ts',
        title: 'a sign-in leads nowhere but to a page of this console: %j',
      },
      {
        rule: 'What a wallet says of itself at the console is read once and shown as text; its icon is a picture of 64 KiB at most, in the page itself',
        decidedBy: 'console/app/wallets/announced.ts',
        text: 'text.length <= ICON_LENGTH',
        heldBy: 'test/unit/console/sign-in-wallets.test.ts',
        title: 'an icon that is no picture of a data: URL is left out: %s',
      },
      {
        rule: 'A wallet that was given up at the console signs nobody in, whenever it answers',
        decidedBy: 'console/app/wallets/ask.ts',
        text: "if (isOver) throw new Error('nobody waits for the wallet')",
        heldBy: 'test/unit/console/sign-in-wallet-steps.test.ts',
        title: 'a signature can be cancelled, and one that comes later signs nobody in',
      },
      {
        rule: 'A sign-in at the console that was cancelled, or whose page was left, signs nobody in, whoever has signed it',
        decidedBy: 'console/pages/sign-in/wallets/steps.ts',
        text: 'stop?.abort()',
        heldBy: 'test/unit/console/sign-in-wallet-steps.test.ts',
        title: 'after Cancel nobody is signed in by what was signed before, and the step stays where it is',
      },
      {
        rule: 'A tab of the console that nobody touches does not sign out another one that is in use',
        decidedBy: 'console/app/session/device-store.ts',
        text: 'kept.usedAt > usedAt',
        heldBy: 'test/console/session.test.ts',
        title:
          'with two tabs stays signed in in both while somebody is at one of them, and is out of both after 15 minutes of nothing',
      },
      {
        rule: 'A wallet that was chosen at the console before its owner signed out does not sign for the next account',
        decidedBy: 'console/app/owner/use-owner.ts',
        text: "if (!isShown()) throw new Aborted('unsent')",
        heldBy: 'test/console/wallet.test.ts',
        title:
          'a wallet that is found for an account after its owner has signed out does not sign for whoever signs in next',
      },
      {
        rule: 'What a wallet signs for a wider list of addresses after its owner has signed out widens nothing',
        decidedBy: 'console/pages/one-key/change-addresses.tsx',
        text: '{ onStep: setStep, signal }',
        heldBy: 'test/console/keys-change.test.ts',
        title: 'a wallet that signs after its owner has signed out in another tab opens no key to more addresses',
      },
      {
        rule: 'Over a form whose session ended only the same account signs in',
        decidedBy: 'console/pages/sign-in/key-steps.ts',
        text: 'BigInt(around.only) === BigInt(account.address)',
        heldBy: 'test/unit/console/sign-in-key.test.ts',
        title: 'the key of another account does not sign in',
      },
    ],
  },
  {
    about: 'What the console does with a new secret, and with a code for a phone',
    rules: [
      {
        rule: 'A main key, a read-only key, a subkey and a code at the console are in no request, address, storage, title, channel or log, and in the document while somebody has them shown',
        decidedBy: 'console/parts/secret-box.tsx',
        text: "element.textContent = ''",
        heldBy: 'test/console/canaries.test.ts',
        title: 'are nowhere but where a person sees them, and each main session is on exactly one request',
      },
      {
        rule: 'A secret of the console is gone with the page that is left, and the page says so',
        decidedBy: 'console/app/session/lifecycle.ts',
        text: 'wipeAllSecrets()',
        heldBy: 'test/console/secret.test.ts',
        title: 'a page that is left has it no longer, says so, and deletes the key that nobody may have',
      },
      {
        rule: 'A secret that an answer brings to the console after a sign-out is wiped as it comes',
        decidedBy: 'console/app/secret.ts',
        text: 'if (signOuts !== before) secret.wipe()',
        heldBy: 'test/unit/console/secret.test.ts',
        title:
          'a secret that an answer brings after a sign-out is wiped as it comes, and one of the next person is not',
      },
      {
        rule: 'The dialog of a new secret is left by Done, which needs the word that it is saved, or by deleting the key',
        decidedBy: 'console/pages/save-secret/save-secret.tsx',
        text: 'disabledBecause={saved || wiped ? undefined',
        heldBy: 'test/console/secret.test.ts',
        title:
          'Done waits until the person says that it is saved, and the text is not in the document before Show, nor after Done',
      },
      {
        rule: 'The idle limit waits while a secret is on the screen',
        decidedBy: 'console/pages/save-secret/use-secret.ts',
        text: 'isThere ? holdWhileSecretIsShown()',
        heldBy: 'test/console/secret.test.ts',
        title: 'the idle limit waits while a secret is on the screen, and counts again once it is not',
      },
      {
        rule: 'What was made though its answer was lost is told as not made only when its request cannot arrive any more',
        decidedBy: 'console/pages/add/make-key.ts',
        text: 'monotonic() >= until',
        heldBy: 'test/unit/console/make-key.test.ts',
        title:
          'is not told as not made before its request cannot arrive any more: 10 seconds is the longest that one lives',
      },
      {
        rule: 'A key that was there before, or has ended, is not told as made by a request whose answer was lost',
        decidedBy: 'src/client/subkeys.ts',
        text: "(state === 'active' || state === 'pending') && created_at >= since",
        heldBy: 'test/unit/console/make-key.test.ts',
        title: 'is not an older row of the same key, nor one that has ended: %s, made at %s',
      },
      {
        rule: 'A device whose answer got lost is ended by the next sign-in, and no other one is',
        decidedBy: 'console/app/session/lost-device.ts',
        text: 'auth: device({ id, account, key })',
        heldBy: 'test/console/trouble-sign-in.test.ts',
        title:
          'a device of a wallet whose answer gets lost is ended by the next sign-in, and that of another browser is not',
      },
      {
        rule: 'A pasted key is taken out of its field when its worker has it, and not before',
        decidedBy: 'console/app/owner/use-owner.ts',
        text: "error.because === 'broken'",
        heldBy: 'test/console/trouble-network.test.ts',
        title: 'a pasted key whose worker did not start stays in its field until one has it',
      },
      {
        rule: 'A private key that was typed or pasted is in no field of a page that was left',
        decidedBy: 'console/parts/secret-field.tsx',
        text: "addEventListener('pagehide', left)",
        heldBy: 'test/console/what-is-kept.test.ts',
        title: 'a main key that was pasted is in no field, worker or heap of a page that was left before it was used',
      },
      {
        rule: 'The page of a hand-off takes the code out of its address before anything else, and sends nothing before the tap',
        decidedBy: 'console/app/hand-off-fragment.ts',
        text: "history.replaceState(history.state, '', pathname)",
        heldBy: 'test/console/hand-off.test.ts',
        title:
          'nothing is sent before the tap, the address is without the code at once, and "No, do nothing" does nothing',
      },
      {
        rule: 'A new code is made after the key of the old one is deleted',
        decidedBy: 'console/pages/hand-off/offer-key.tsx',
        text: 'void deleteKey(onAgain)',
        heldBy: 'test/console/hand-off.test.ts',
        title: 'a code that nobody takes runs out, and "Make a new code" deletes its key before there is another',
      },
      {
        rule: 'A code that nobody took is left also where the server has forgotten its key meanwhile',
        decidedBy: 'console/pages/hand-off/offer-key.tsx',
        text: "isCode(error, 'NOT_FOUND')",
        heldBy: 'test/console/hand-off.test.ts',
        title: 'a code that ran out, whose key the server has forgotten since, is left by "$button" all the same',
      },
      {
        rule: 'A code that may have been used by this very phone is not told as taken by somebody else',
        decidedBy: 'console/pages/hand-off/take-key.tsx',
        text: "isUncertain.current && isCode(error, 'SUBKEY_ALREADY_ACTIVATED')",
        heldBy: 'test/console/hand-off.test.ts',
        title: 'a key whose answer got lost on its way to the phone is told as lost, and not as taken by somebody else',
      },
    ],
  },
  {
    about: 'What the console shows of the activity, and what it ends',
    rules: [
      {
        rule: 'What is pasted as a request id at the console and is none goes into no address',
        decidedBy: 'console/pages/activity/request-id-field.tsx',
        text: 'requestIdForm.test(id)',
        heldBy: 'test/console/activity.test.ts',
        title:
          'an id that was pasted is explained at once; another text stays out of the address, and an unknown id has its sentence',
      },
      {
        rule: 'Filters in an address of the console are those that the server knows: nothing else of it is sent on',
        decidedBy: 'console/pages/activity/filters.ts',
        text: 'keyForm.test(key)',
        heldBy: 'test/unit/console/activity-filters.test.ts',
        title: 'whatever a query says, what comes of it is a filter that the server takes',
      },
      {
        rule: 'A main key that a wallet makes again is shown only where it is that of the account',
        decidedBy: 'console/app/owner/wallet-of-account.ts',
        text: 'BigInt(address) !== BigInt(account)',
        heldBy: 'test/console/wallet.test.ts',
        title: "a wallet whose key is another account's, and one that says no, show no key",
      },
      {
        rule: 'A main key that a wallet makes again for a page that was left meanwhile is closed at once',
        decidedBy: 'console/pages/wallet/copy-private-key.tsx',
        text: 'key?.close()',
        heldBy: 'test/console/wallet.test.ts',
        title: 'a main key that a wallet makes again after its page was left is held by nobody',
      },
      {
        rule: 'Everything is ended after END was typed, and not before',
        decidedBy: 'console/pages/wallet/end-everything.tsx',
        text: "typed.trim() === 'END'",
        heldBy: 'test/console/wallet.test.ts',
        title:
          'ending everything refuses every key from then on, and the page stays with what ended and a list to keep, %i px wide',
      },
      {
        rule: 'A page that stays after everything was ended offers nothing else, and whoever goes on is out',
        decidedBy: 'console/app/shell/signed-in-only.tsx',
        text: 'useLeftOver(',
        heldBy: 'test/console/devices.test.ts',
        title: 'signing out everywhere ends every device and no key, and the page says until when nobody can sign in',
      },
      {
        rule: "Whether a key has ended is told at the console by the server's clock, whatever this machine's says",
        decidedBy: 'console/words/now.ts',
        text: 'Date.now() - aheadMs',
        heldBy: 'test/unit/console/now.test.ts',
        title: "what is told from now is told by the server's clock, and whoever shows it hears when that is known",
      },
      {
        rule: 'A write that is under way at the console outlasts the session: one signs in again over it',
        decidedBy: 'console/app/session/store.ts',
        text: '!isPageKept()',
        heldBy: 'test/console/trouble-network.test.ts',
        title:
          '%s, whose own answer is lost, is certain once one has signed in again, and what it ended is listed all the same',
      },
      {
        rule: 'What was ended together is listed at the console although the answer that said so got lost',
        decidedBy: 'console/pages/wallet/end-everything.tsx',
        text: 'withBefore(value, before)',
        heldBy: 'test/unit/console/ended.test.ts',
        title: 'what ended by a request whose answer got lost is listed from what lived before it, each once',
      },
      {
        rule: 'What became of a change whose answer was lost is told by the server alone: not by a wallet that refuses to repeat it',
        decidedBy: 'console/app/connection/write.ts',
        text: 'isUncertain && !(error instanceof CountersignError)',
        heldBy: 'test/unit/console/write.test.ts',
        title:
          'whoever refuses to repeat a change whose answer was lost makes it no more certain, unless it is the server',
      },
      {
        rule: 'Only a server that could not write something down is said at the console to have refused it already',
        decidedBy: 'console/app/connection/write.ts',
        text: "isCode(error, 'SERVICE_UNAVAILABLE')",
        heldBy: 'test/unit/console/write.test.ts',
        title: 'only a server that could not write it down is said to have, and not whatever else answers in its place',
      },
    ],
  },
  {
    about: 'What the client library does with your keys and requests',
    rules: [
      {
        rule: 'A create whose answer is lost is not sent again: it says what to look for',
        decidedBy: 'src/client/send.ts',
        text: 'withWhatToLookFor',
        heldBy: 'test/client/lost-answers.test.ts',
        title:
          'a create whose answer is lost at any byte made one token at most, and says what to look for; none is made twice',
      },
      {
        rule: 'An order, and whatever else may be one, is sent once',
        decidedBy: 'src/client/send.ts',
        text: "method === 'POST' || (method !== 'GET' && !isOwn)",
        heldBy: 'test/client/repeats.test.ts',
        title: 'a POST is not sent again after %s, nor is what may be an order of the venue',
      },
      {
        rule: 'Nothing is sent to another origin, and no redirect is followed',
        decidedBy: 'src/client/exchange.ts',
        text: "redirect: 'manual'",
        heldBy: 'test/client/hostile-server.test.ts',
        title: 'a redirect (%i) is an error, and is not followed',
      },
      {
        rule: 'However many callers wait for a session, one login is made',
        decidedBy: 'src/client/session.ts',
        text: 'const signIn = oneAtATime(',
        heldBy: 'test/client/sessions.test.ts',
        title: '200 callers at once, at first and at expiry, wait for one login',
      },
      {
        rule: 'Every call of the client ends by the signal and the time of its caller, at every moment, and says whether anything was sent',
        decidedBy: 'src/client/deadline.ts',
        text: 'if (signal.aborted) throw new DeadlineOver()',
        heldBy: 'test/client/every-call.test.ts',
        title: '%s ends by its signal at every moment, and says whether it was sent',
      },
      {
        rule: 'For a caller that has left, nobody is asked and nothing is sent; a login that others may wait for goes on',
        decidedBy: 'src/client/eip1193.ts',
        text: 'if (signal?.aborted === true) throw new WalletRefused',
        heldBy: 'test/client/every-call.test.ts',
        title: 'a call whose caller has left asks the person nothing more',
      },
      {
        rule: 'A failure that many callers wait for is told to each with an error of their own',
        decidedBy: 'src/client/errors.ts',
        text: 'export function ownError',
        heldBy: 'test/client/sessions.test.ts',
        title: 'one login that fails is told to each of 200 callers with an error of its own, all with one cause',
      },
      {
        rule: 'A list is read to an end, whatever a server says comes next',
        decidedBy: 'src/client/list.ts',
        text: 'empty >= MOST_EMPTY_PAGES || pages >= MOST_PAGES',
        heldBy: 'test/client/lists.test.ts',
        title: 'cursors that are always new, of pages without rows, end after 1,000 pages',
      },
      {
        rule: "A wallet's signature is used only if it is by the address that was asked",
        decidedBy: 'src/client/signed-by.ts',
        text: 'if (signer === address) return key',
        heldBy: 'test/unit/client/wallet-key.test.ts',
        title: 'a signature that another of the wallet’s addresses made gives no key, and both addresses are named',
      },
      {
        rule: 'No error of the client says a bearer, even when the server sends it back',
        decidedBy: 'src/client/read-answer.ts',
        text: 'function withoutSecrets',
        heldBy: 'test/client/hostile-server.test.ts',
        title: 'a bearer is in no error, even when the server sends it back',
      },
      {
        rule: 'A refusal is explained to the owner of its account, and to nobody else',
        decidedBy: 'src/store/sql/explanations.ts',
        text: "where('account_id', '=', account)",
        heldBy: 'test/http/explain.test.ts',
        title: 'a stranger, another account, a subkey and a token are told nothing of a refusal',
      },
      {
        rule: 'What is kept of refusals has a bound for each credential and reason, each account, and in all',
        decidedBy: 'src/explain/explainer.ts',
        text: 'function boundsOf',
        heldBy: 'test/contract/explainer.test.ts',
        title: 'a million refusals leave every bound intact: of a reason, of an account, and in all',
      },
      {
        rule: 'A credential that is refused again and again hides no refusal of the others of its account',
        decidedBy: 'src/explain/explainer.ts',
        text: 'OF_CREDENTIAL = 1 / 2',
        heldBy: 'test/contract/explainer.test.ts',
        title: 'hides none of the refusals of the other credentials of its account, of that moment',
      },
      {
        rule: 'An owner sees of the audit log the rows of one account, and of each the members that are listed',
        decidedBy: 'src/audit/shown-detail.ts',
        text: 'const shown',
        heldBy: 'test/http/audit.test.ts',
        title: 'signatures and wallet messages are kept for auditors, and shown to nobody here',
      },
    ],
  },
  {
    about: 'What the console and the venue can be to each other',
    rules: [
      {
        rule: 'An answer of the venue is no page of the origin that the console is on',
        decidedBy: 'src/gateway/headers.ts',
        text: "if (sandboxed) headers.push('Content-Security-Policy', SANDBOX)",
        heldBy: 'test/console/hostile-venue.test.ts',
        title: 'on the origin of the console gets nothing by a page of the form %s with status %i',
      },
      {
        rule: 'The venue sets no state for the whole origin',
        decidedBy: 'src/gateway/origin-state.ts',
        text: 'export const originState',
        heldBy: 'test/unit/gateway/headers.test.ts',
        title: 'the venue cannot set state for our whole origin by %s, whatever the status and the letter case',
      },
      {
        rule: 'The venue has no browser ask for a password in the name of the origin that the console is on',
        decidedBy: 'src/gateway/headers.ts',
        text: "if (sandboxed && lower === 'www-authenticate' && asksForPassword(value)) continue",
        heldBy: 'test/unit/gateway/headers.test.ts',
        title: 'the venue cannot have a browser ask for a password on the origin of the console by %j',
      },
      {
        rule: "What is not known to have the operator's word stays sandboxed: only a console that is off or has a host of its own lifts it",
        decidedBy: 'src/config/derived.ts',
        text: "config['console.enabled'] && !config['console.own_host']",
        heldBy: 'test/gateway/origin-state.test.ts',
        title:
          'where the console was not built, the venue is sandboxed all the same: nobody said that it may share the origin',
      },
      {
        rule: 'Every document of the console forbids script, style, frames and connections of anybody else',
        decidedBy: 'src/http/console-headers.ts',
        text: 'const ofDocuments',
        heldBy: 'test/http/console.test.ts',
        title: 'the path %s answers the document of the console, with every header of its policy',
      },
      {
        rule: 'What is served of the console is of one build, also where it was replaced while the server read it',
        decidedBy: 'src/http/console-files.ts',
        text: 'if (before === stateOf(folder)) return files',
        heldBy: 'test/unit/http/console-files.test.ts',
        title: 'a console that is replaced %s while it is read is served as one build, whichever file was being read',
      },
      {
        rule: 'A file that is not there is never answered by the document',
        reasons: ['route_unknown'],
        decidedBy: 'src/http/routes/console.ts',
        text: "if (file === undefined) throw refusalErrorOf('route_unknown')",
        heldBy: 'test/http/console.test.ts',
        title: 'the path %s is no file of the console and never answers the document',
      },
    ],
  },
];

const cell = (text: string): string => text.replaceAll('|', '\\|');

/** A title of many cases names the one that is meant. */
const shown = (title: string, [reason = '..']: readonly string[]): string => title.replace(/%[sij]/, reason);

/** The whole text of docs/rules.md. */
export function rulesDocument(): string {
  const groups = ruleGroups.map(({ about, rules }) => {
    const rows = rules.map(
      ({ rule, reasons = [], decidedBy, heldBy, title }) =>
        `| ${cell(rule)} | ${reasons.map((reason) => `\`${reason}\``).join(', ')} | [${decidedBy}](../${decidedBy}) | [${heldBy}](../${heldBy}): ${cell(shown(title, reasons))} |`,
    );
    return `## ${about}\n\n| rule | reason of a refusal | decided by | held by |\n|---|---|---|---|\n${rows.join('\n')}\n`;
  });
  return `# Rules

<!-- Generated from test/support/rules.ts: npx node test/support/rules.ts > docs/rules.md -->

Each rule of the service, the file that decides it, and a test that goes red without it. The reasons are those of [errors.md](errors.md).

${groups.join('\n')}`;
}

if (import.meta.main) process.stdout.write(rulesDocument());

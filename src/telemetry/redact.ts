// Takes secrets out of text that leaves the process: log lines, and errors printed to a terminal. A net only: no code may hand a
// secret to the log, but a library's error text may carry a client's input. It knows secrets by their shape and by the name before
// them, and searches a text of any length.

/** Total: every text gives a text. */
export type Redact = (text: string) => string;

export const REDACTED = '[redacted]';

/** Headers and members whose value is always a secret. */
const headerNames = [
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'paradex-[a-z]+-signature',
  'countersign-upstream-secret',
];
const memberNames = [
  'signature',
  'jwt',
  'jwt_token',
  'token',
  'access_token',
  'refresh_token',
  'bearer',
  'secret',
  'password',
  'passphrase',
  'mnemonic',
  'seed',
  'private_?key',
  'encrypted_?key',
  'master_?key',
];
const all = [...headerNames, ...memberNames];
const secretMember = new RegExp(`^(?:${all.join('|')})$`, 'i');

/**
 * For pino, which takes them out before the line is made: members of a line with a secret's name, and the headers of a request or an
 * answer. Each is one exact name; every other spelling and depth is for the search of the line.
 */
export const secretPaths: readonly string[] = [
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'paradex-starknet-signature',
  'paradex-evm-signature',
  'countersign-upstream-secret',
]
  .flatMap((name) => ['', 'headers', 'request.headers', 'response.headers'].map((holder) => `${holder}["${name}"]`))
  .concat(
    [
      ...['signature', 'jwt', 'jwt_token', 'token', 'access_token', 'refresh_token', 'bearer', 'secret', 'password'],
      ...['passphrase', 'mnemonic', 'seed', 'private_key', 'privateKey', 'encrypted_key', 'encryptedKey'],
      ...['master_key', 'masterKey'],
    ].flatMap((name) => ['', 'body'].map((holder) => `${holder}["${name}"]`)),
  );

type Rule = readonly [pattern: RegExp, replacement: string];

// Every pattern starts where a run of its characters starts and reads that run once: the time is linear in the text, also in one
// that somebody made to be slow.

/** The start of a word. The end of an escape (\n or \u0022 in JSON, %20 in a URL) is not part of the word behind it. */
const START = String.raw`(?<![\w-](?<!\\[nrt]|\\u[0-9a-fA-F]{4}|%[0-9a-fA-F]{2}))`;

/** A shortcut: most texts hold none of these names and skip the rules about them. */
const anyName = named(all, String.raw`(?:\\*["'])?\s*[:=,]`, '', 'i');
const rulesOfNames: readonly Rule[] = [
  // `"name": "value"`, `name="value"`, and raw headers, `"name", "value"`; also where quotes are escaped.
  [named(all, String.raw`(?:\\*["'])?\s*[:=,]\s*\\*"`, '[^"]+'), `$1${REDACTED}`],
  [named(all, String.raw`(?:\\*["'])?\s*[:=,]\s*'`, String.raw`[^'\r\n]+`), `$1${REDACTED}`],
  // `name: value` in prose. A header's value ends with its line. A member's value is taken from 16 characters on: shorter ones may be
  // plain words. Our own lines name a token by `token:tok_...`, which is no secret.
  [named(headerNames, String.raw`\s*[:=]\s*(?=[^\s"'\\])`, String.raw`[^\r\n]+`), `$1${REDACTED}`],
  [named(memberNames, String.raw`\s*[:=]\s*`, String.raw`(?!tok_)[^\s"'\\,;&(){}[\]]{16,}`), `$1${REDACTED}`],
];

const rulesOfShapes: readonly Rule[] = [
  // PEM, to the end of the text: half a private key is one too.
  [/-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\s\S]*/g, REDACTED],
  [new RegExp(String.raw`${START}((?:bearer|basic|digest)(?:\s|%20)+)[\w.~+/=-]{16,}`, 'gi'), `$1${REDACTED}`],
  // A JWT, or a part of one: its header is base64url of `{"`.
  [new RegExp(String.raw`${START}eyJ[\w-]{5,}(?:\.[\w-]*){0,4}`, 'g'), REDACTED],
];

/** A shortcut: most texts are short words and skip all rules. Every rule needs one of these, or a long run. */
const MAY_HOLD_A_NAME = /[\s:=,]|eyJ/;
const LONG = 40;
const LONG_RUN = new RegExp(String.raw`(?<![\w-])[\w-]{${LONG},}`, 'g');
/** 32 random bytes or more as base64url: the operator's bearer, an upstream secret, the signature of a JWT. */
const RANDOM = /^(?=[^0-9]*[0-9])(?=[^a-z]*[a-z])(?=[^A-Z]*[A-Z])/;
/** Private keys and the halves of signatures, in hex or decimal. */
const LONG_NUMBER = /(?:0x)?(?<![0-9a-f])[0-9a-f]{48,}/gi;
/** No secret. */
const WALLET_ADDRESS = /^0x[0-9a-f]{40}$/i;

function redactRun(run: string): string {
  if (WALLET_ADDRESS.test(run)) return run;
  return RANDOM.test(run) ? REDACTED : run.replace(LONG_NUMBER, REDACTED);
}

/** The first group, the name with its separator, stays. */
function named(names: readonly string[], separator: string, value: string, flags = 'gi'): RegExp {
  return new RegExp(`${START}((?:${names.join('|')})${separator})${value}`, flags);
}

/** For prose. `known`: secrets of this process, taken out wherever they stand and whatever their shape. */
export function createRedactor(known: readonly string[] = []): Redact {
  const exact = [...new Set(known.flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)]))].filter(Boolean);
  return function redact(text) {
    let clean = text;
    for (const secret of exact) clean = clean.replaceAll(secret, REDACTED);
    if (clean.length < LONG && !MAY_HOLD_A_NAME.test(clean)) return clean;
    const rules = anyName.test(clean) ? [...rulesOfNames, ...rulesOfShapes] : rulesOfShapes;
    for (const [pattern, replacement] of rules) clean = clean.replace(pattern, replacement);
    return clean.replace(LONG_RUN, redactRun);
  };
}

/**
 * For a line of JSON: gives the line with the same members, each text redacted and each member with a secret's name replaced. Other
 * text is redacted as prose. Integers beyond 2^53 lose their last digits.
 */
export function createLineRedactor(redact: Redact = createRedactor()): Redact {
  return function redactLine(line) {
    let parsed: unknown;
    try {
      parsed = JSON.parse(line);
    } catch {
      return redact(line);
    }
    return `${JSON.stringify(cleaned('', parsed))}${line.endsWith('\n') ? '\n' : ''}`;
  };

  function cleaned(name: string, value: unknown): unknown {
    if (secretMember.test(name)) return REDACTED;
    // Accounts, public keys and hashes look like private keys, but the log is useless without them: they pass in these members alone.
    if (typeof value === 'string') return publicNumbers.has(name) && FELT.test(value) ? value : redact(value);
    if (Array.isArray(value)) return value.map((item) => cleaned(name === HASHES ? HASHES : '', item));
    if (typeof value !== 'object' || value === null) return value;
    // fromEntries defines members, __proto__ too, without calling a setter.
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, cleaned(key, member)]));
  }
}

const HASHES = 'hashes';
const publicNumbers: ReadonlySet<string> = new Set(['account', 'signer', HASHES]);
const FELT = /^0x[0-9a-f]{1,64}$/;

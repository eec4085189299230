import { secp256k1 } from '@noble/curves/secp256k1.js';
import { ParsedMessage } from '@spruceid/siwe-parser';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Felt, parseFelt } from '../../../src/domain/felt.ts';
import { type UnixNanos, unixNanos } from '../../../src/domain/time.ts';
import {
  addressOfPublicKey,
  parseEthereumAddress,
  parseEvmSignature,
  personalSignDigest,
  recoverInJavaScript,
  recoverSigner,
} from '../../../src/ethereum/eip191.ts';
import {
  checkSiwe,
  parseSiwe,
  type SiweMessage,
  type SiwePolicy,
  type SiweProblem,
  type SiwePurpose,
  type SiweRefusal,
  siweProblems,
} from '../../../src/ethereum/siwe.ts';
import { decodeSiweHeader } from '../../../src/ethereum/siwe-header.ts';
import { anyText } from '../../support/any-text.ts';
import { eachVector } from '../../support/each-vector.ts';
import { describeRecoveries } from '../../support/recoveries.ts';

const at = (iso: string): UnixNanos => unixNanos(BigInt(Date.parse(iso)) * 1_000_000n);

function felt(text: string): Felt {
  const parsed = parseFelt(text);
  if (parsed === undefined) throw new Error(`not a felt: ${text}`);
  return parsed;
}

const SUBKEY = felt('0x450eadbd1182202c2815e6fbb2bd1519fc72a302b02518457c6ec8765b3b38');
const ONBOARDING: SiwePurpose = { kind: 'onboarding', issuedAtRequired: false };
const AUTH: SiwePurpose = { kind: 'auth' };
const REGISTRATION: SiwePurpose = { kind: 'registration', publicKey: SUBKEY };

const POLICY: SiwePolicy = {
  purpose: AUTH,
  domains: ['app.testnet.paradex.trade', 'localhost:8080', '127.0.0.1:8080', '[::1]:8080', 'localhost.example'],
  chainId: 11155111,
  now: at('2026-01-02T03:04:10Z'),
  latest: at('2026-01-02T03:04:10Z'),
  maxWindowSeconds: 600,
  futureToleranceSeconds: 30,
};

describeRecoveries('published vectors', (recoverPublicKey) => {
  const domains = ['app.paradex.trade', 'app.testnet.paradex.trade', 'app.nightly.paradex.trade'];

  eachVector('siwe', (vector) => {
    const { message, expected, endpoint } = vector;
    if (vector.message_base64 !== undefined) expect(decodeSiweHeader(vector.message_base64)).toBe(message);
    if (vector.eip191_digest !== undefined) {
      expect(`0x${Buffer.from(personalSignDigest(Buffer.from(message))).toString('hex')}`).toBe(vector.eip191_digest);
    }
    if (vector.eth_public_key_uncompressed !== undefined) {
      expect(addressOfPublicKey(vector.eth_public_key_uncompressed)).toBe(vector.eth_address.toLowerCase());
    }

    const policy = (purpose: SiwePurpose): SiwePolicy => ({
      ...POLICY,
      purpose,
      domains,
      chainId: message.startsWith('app.paradex.trade') ? 1 : 11155111,
    });
    const accepted = (purpose: SiwePurpose): boolean => {
      const signature = parseEvmSignature(expected.signature ?? vector.signature ?? '');
      const parsed = messageOf(message);
      if (signature === undefined || parsed === undefined) return false;
      const signer = recoverSigner(message, signature, recoverPublicKey);
      expect(signer).toBe(expected.recovered.toLowerCase());
      return signer === parsed.address && checkSiwe(parsed, policy(purpose)) === undefined;
    };

    const purpose =
      endpoint === 'POST /v2/onboarding' ? ONBOARDING : endpoint === 'POST /v2/auth' ? AUTH : REGISTRATION;
    expect(accepted(purpose)).toBe(
      expected.acceptable === true || expected.acceptable === 'onboarding only, operator option',
    );
    if (expected.acceptable === 'onboarding only, operator option') {
      expect(accepted({ kind: 'onboarding', issuedAtRequired: true })).toBe(false);
    }
    if (expected.acceptable === false) return;
    // A message for one purpose is worth nothing for the others.
    for (const other of [ONBOARDING, AUTH, REGISTRATION]) if (other !== purpose) expect(accepted(other)).toBe(false);
  });
});

/** Undefined for what is not read. */
function messageOf(text: string): SiweMessage | undefined {
  const parsed = parseSiwe(text);
  return typeof parsed === 'string' ? undefined : parsed;
}

const CHECKSUMMED = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8';

interface Lines {
  domain: string;
  address: string;
  statement: string;
  uri: string;
  version: string;
  chainId: string;
  nonce: string;
  issuedAt: string | undefined;
  expirationTime: string | undefined;
}

const GOOD: Lines = {
  domain: 'app.testnet.paradex.trade',
  address: CHECKSUMMED,
  statement: 'Paradex Auth',
  uri: 'https://app.testnet.paradex.trade',
  version: '1',
  chainId: '11155111',
  nonce: 'a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4',
  issuedAt: '2026-01-02T03:04:05Z',
  expirationTime: '2026-01-02T03:09:05Z',
};

function write(change: Partial<Lines> = {}): string {
  const lines = { ...GOOD, ...change };
  return [
    `${lines.domain} wants you to sign in with your Ethereum account:`,
    lines.address,
    '',
    lines.statement,
    '',
    `URI: ${lines.uri}`,
    `Version: ${lines.version}`,
    `Chain ID: ${lines.chainId}`,
    `Nonce: ${lines.nonce}`,
    ...(lines.issuedAt === undefined ? [] : [`Issued At: ${lines.issuedAt}`]),
    ...(lines.expirationTime === undefined ? [] : [`Expiration Time: ${lines.expirationTime}`]),
  ].join('\n');
}

function check(change: Partial<Lines>, policy: Partial<SiwePolicy> = {}): SiweRefusal | 'unreadable' | undefined {
  const message = messageOf(write(change));
  return message === undefined ? 'unreadable' : checkSiwe(message, { ...POLICY, ...policy });
}

describe('reading', () => {
  test('a wallet message is read with every field', () => {
    expect(parseSiwe(write())).toEqual({
      domain: GOOD.domain,
      address: parseEthereumAddress(CHECKSUMMED),
      statement: 'Paradex Auth',
      uri: GOOD.uri,
      version: '1',
      chainId: 11155111,
      nonce: GOOD.nonce,
      issuedAt: at('2026-01-02T03:04:05Z'),
      expirationTime: at('2026-01-02T03:09:05Z'),
    });
  });

  test('a wallet message may have its address in any case of letters, whatever its checksum', () => {
    for (const address of [CHECKSUMMED.toLowerCase(), '0x70997970c51812DC3A010C7D01B50E0D17DC79C8']) {
      expect(messageOf(write({ address }))?.address).toBe(CHECKSUMMED.toLowerCase());
    }
  });

  test('a wallet message without any time is read, for the policy to judge', () => {
    expect(parseSiwe(write({ issuedAt: undefined, expirationTime: undefined }))).toMatchObject({
      issuedAt: undefined,
      expirationTime: undefined,
    });
  });

  const text = write();
  const refused = [
    ['empty text', 'first_line', ''],
    ['a trailing line end', 'trailing', `${text}\n`],
    ['a trailing space', 'expiration_time', `${text} `],
    ['a leading space', 'domain', ` ${text}`],
    ['a leading line end', 'first_line', `\n${text}`],
    ['a byte-order mark', 'domain', `\ufeff${text}`],
    ['CRLF line ends', 'line_ends', text.replaceAll('\n', '\r\n')],
    ['a line after the last field', 'trailing', `${text}\nExpiration Time: 2027-01-02T03:09:05Z`],
    ['Not Before, which would have to be enforced', 'not_before', `${text}\nNot Before: 2027-01-02T03:09:05Z`],
    ['a request id', 'request_id', `${text}\nRequest ID: 1`],
    ['resources', 'resources', `${text}\nResources:\n- https://example.com`],
    ['the times in the other order', 'trailing', text.replace(/(Issued At.*)\n(Expiration.*)$/, '$2\n$1')],
    ['the fields in another order', 'version', text.replace(/(Version.*)\n(Chain ID.*)\n/, '$2\n$1\n')],
    ['a scheme before the domain', 'scheme', `https://${text}`],
    ['a user before the domain', 'domain', `user@${text}`],
    ['a path after the domain', 'domain', text.replace('trade wants', 'trade/x wants')],
    ['another sentence', 'first_line', text.replace('wants you', 'asks you')],
    ['an address that is too short', 'address', write({ address: CHECKSUMMED.slice(0, -1) })],
    ['an address that is too long', 'address', write({ address: `${CHECKSUMMED}0` })],
    ['an address without 0x', 'address', write({ address: CHECKSUMMED.slice(2) })],
    ['no statement', 'statement', text.replace('Paradex Auth\n', '')],
    ['an empty statement', 'statement', write({ statement: '' })],
    ['a statement of two lines', 'statement', write({ statement: 'Paradex Auth\nParadex Auth' })],
    ['a statement that is not ASCII', 'statement', write({ statement: 'Paradex Аuth' })],
    ['a missing blank line', 'statement', text.replace('\n\n', '\n')],
    ['version 2', 'version', write({ version: '2' })],
    ['version 1.0', 'version', write({ version: '1.0' })],
    ['a chain id with a leading zero', 'chain_id', write({ chainId: '011155111' })],
    ['a negative chain id', 'chain_id', write({ chainId: '-1' })],
    ['a hex chain id', 'chain_id', write({ chainId: '0xaa36a7' })],
    ['a chain id beyond exact numbers', 'chain_id', write({ chainId: '1'.repeat(16) })],
    ['a nonce of seven characters', 'nonce', write({ nonce: 'a1b2c3d' })],
    ['a nonce of 129 characters', 'nonce', write({ nonce: 'a'.repeat(129) })],
    ['a nonce with a dash', 'nonce', write({ nonce: 'a1b2c3d4-e5f6' })],
    ['an impossible Issued At', 'issued_at', write({ issuedAt: '2026-02-30T03:04:05Z' })],
    ['an impossible Expiration Time', 'expiration_time', write({ expirationTime: '2026-02-30T03:04:05Z' })],
    ['an empty Issued At', 'issued_at', write({ issuedAt: '' })],
    ['a URI with a query', 'uri', write({ uri: 'https://app.testnet.paradex.trade?x' })],
    ['a URI of another kind', 'uri', write({ uri: 'did:key:app.testnet.paradex.trade' })],
    ['a URI with a user', 'uri', write({ uri: 'https://x@app.testnet.paradex.trade' })],
    ['a URI with a space', 'uri', write({ uri: 'https://app.testnet.paradex.trade x' })],
    ['more than 4 KiB', 'too_long', write({ statement: 'x'.repeat(4096) })],
    ['a trailing line end of Windows', 'line_ends', `${text}\r\n`],
    ['a lone carriage return', 'line_ends', text.replace('\n', '\r')],
    ['two line ends at the end', 'trailing', `${text}\n\n`],
    ['a space behind the nonce', 'nonce', write({ nonce: `${GOOD.nonce} ` })],
    ['a nonce with an underscore', 'nonce', write({ nonce: 'a1b2c3d4_e5f6' })],
    ['no Nonce', 'nonce', text.replace(/Nonce: .*\n/, '')],
    ['no Version', 'version', text.replace(/Version: .*\n/, '')],
    ['no Chain ID', 'chain_id', text.replace(/Chain ID: .*\n/, '')],
    ['no URI', 'uri', text.replace(/URI: .*\n/, '')],
    ['a time in unix seconds', 'issued_at', write({ issuedAt: '1767323045' })],
    ['a time in small letters', 'issued_at', write({ issuedAt: '2026-01-02t03:04:05z' })],
    ['a time without a zone', 'expiration_time', write({ expirationTime: '2026-01-02T03:09:05' })],
    ['a time with a blank', 'expiration_time', write({ expirationTime: '2026-01-02 03:09:05Z' })],
    [
      'Not Before without the other times',
      'not_before',
      `${write({ issuedAt: undefined, expirationTime: undefined })}\nNot Before: x`,
    ],
    ['empty resources', 'resources', `${text}\nResources:`],
  ] as const;
  test.each(refused)('a wallet message with %s is refused, by the name %s', (_, problem, changed) => {
    expect(changed).not.toBe(text);
    expect(parseSiwe(changed)).toBe(problem);
  });

  test('every name by which a wallet message is refused has its case here', () => {
    expect(new Set(siweProblems)).toEqual(new Set(refused.map(([, problem]) => problem)));
  });

  test('reading a wallet message never throws', () => {
    fc.assert(
      fc.property(anyText(300), fc.nat({ max: text.length }), (junk, cut) => {
        expect(siweProblems).toContain(parseSiwe(junk));
        expect(messageOf(text.slice(0, cut) + junk)?.nonce).not.toBe('');
      }),
    );
  });
});

describe('the policy', () => {
  test('the policy for wallet messages accepts the message of each purpose', () => {
    expect(check({})).toBeUndefined();
    expect(
      check({ statement: 'Paradex Onboarding', expirationTime: undefined }, { purpose: ONBOARDING }),
    ).toBeUndefined();
    expect(check({ statement: `Paradex Subkey Registration: ${SUBKEY}` }, { purpose: REGISTRATION })).toBeUndefined();
  });

  test.each<[SiweRefusal, string, Partial<Lines>]>([
    ['domain_not_allowed', 'a domain that is not configured', { domain: 'evil.example', uri: 'https://evil.example' }],
    [
      'domain_not_allowed',
      'the domain in other letters',
      { domain: 'APP.testnet.paradex.trade', uri: 'https://APP.testnet.paradex.trade' },
    ],
    ['domain_not_allowed', 'a domain with a port', { domain: `${GOOD.domain}:443`, uri: `https://${GOOD.domain}:443` }],
    [
      'domain_not_allowed',
      'a domain with a dot at its end',
      { domain: `${GOOD.domain}.`, uri: `https://${GOOD.domain}.` },
    ],
    ['uri_mismatch', 'the URI of another host', { uri: 'https://evil.example' }],
    ['uri_mismatch', 'a URI with a slash', { uri: `${GOOD.uri}/` }],
    ['uri_mismatch', 'a URI with a path', { uri: `${GOOD.uri}/login` }],
    ['uri_mismatch', 'a URI whose host only begins with the domain', { uri: `${GOOD.uri}.evil.example` }],
    ['uri_mismatch', 'http', { uri: `http://${GOOD.domain}` }],
    ['chain_id_mismatch', 'another chain', { chainId: '1' }],
    ['statement_mismatch', 'another statement', { statement: 'Paradex auth' }],
    ['statement_mismatch', 'a statement with more behind it', { statement: 'Paradex Auth ' }],
    ['issued_at_missing', 'no Issued At', { issuedAt: undefined }],
    ['issued_at_in_future', 'an Issued At too far ahead', { issuedAt: '2026-01-02T03:04:40.000000001Z' }],
    ['expiration_missing', 'no Expiration Time', { expirationTime: undefined }],
    ['expired', 'an Expiration Time that is now', { expirationTime: '2026-01-02T03:04:10Z' }],
    [
      'expiration_not_after_issued_at',
      'no time between the two',
      { issuedAt: '2026-01-02T03:04:20Z', expirationTime: '2026-01-02T03:04:20Z' },
    ],
    ['window_too_long', 'a window of more than 600 s', { expirationTime: '2026-01-02T03:14:05.000000001Z' }],
  ])('a wallet message is refused with %s: %s', (reason, _, change) => {
    expect(check(change)).toBe(reason);
  });

  test('a wallet message at the bounds of its times is accepted', () => {
    expect(check({ issuedAt: '2026-01-02T03:04:40Z' })).toBeUndefined();
    expect(check({ expirationTime: '2026-01-02T03:14:05Z' })).toBeUndefined();
    expect(check({ expirationTime: '2026-01-02T03:04:10.000000001Z' })).toBeUndefined();
  });

  test.each(['localhost:8080', '127.0.0.1:8080', '[::1]:8080'])(
    'the domain %s of wallet messages may be reached by http and by https',
    (domain) => {
      expect(check({ domain, uri: `http://${domain}` })).toBeUndefined();
      expect(check({ domain, uri: `https://${domain}` })).toBeUndefined();
    },
  );

  test.each([
    'localhost.example',
    'xlocalhost',
    '127.0.0.1.example',
    '127.1',
    '127.0.0.256',
    '128.0.0.1',
    '[::2]',
    'localhost:',
  ])('a wallet message with an http URI is refused for %s, which is not loopback', (domain) => {
    const refused = check({ domain, uri: `http://${domain}` }, { domains: [domain] });
    expect(refused).toBe(domain === 'localhost:' ? 'unreadable' : 'uri_mismatch');
  });

  test.each([
    ['padded', `0x00${SUBKEY.slice(2)}`],
    ['in upper case', `0x${SUBKEY.slice(2).toUpperCase()}`],
  ])('the wallet message of a registration may name the key %s', (_, key) => {
    expect(check({ statement: `Paradex Subkey Registration: ${key}` }, { purpose: REGISTRATION })).toBeUndefined();
  });

  test.each([
    ['another key', 'Paradex Subkey Registration: 0x1'],
    ['no key', 'Paradex Subkey Registration: '],
    ['the key without 0x', `Paradex Subkey Registration: ${SUBKEY.slice(2)}`],
    ['the key and more', `Paradex Subkey Registration: ${SUBKEY} `],
    ['another sentence of the same length', `Paradex Subkey Revocations!: ${SUBKEY}`],
    ['two spaces', `Paradex Subkey Registration:  ${SUBKEY}`],
    ['only the key', SUBKEY],
    [
      'the key as another number of the same field',
      `Paradex Subkey Registration: 0x${(BigInt(SUBKEY) + 0x800000000000011000000000000000000000000000000000000000000000001n).toString(16)}`,
    ],
  ])('the wallet message of a registration is refused with %s', (_, statement) => {
    expect(check({ statement }, { purpose: REGISTRATION })).toBe('statement_mismatch');
  });

  describe('onboarding', () => {
    const onboarding = { statement: 'Paradex Onboarding', expirationTime: undefined };

    test('the wallet message of an onboarding may omit Issued At only where the operator allows it', () => {
      expect(check({ ...onboarding, issuedAt: undefined }, { purpose: ONBOARDING })).toBeUndefined();
      const strict: SiwePurpose = { kind: 'onboarding', issuedAtRequired: true };
      expect(check({ ...onboarding, issuedAt: undefined }, { purpose: strict })).toBe('issued_at_missing');
      expect(check(onboarding, { purpose: strict })).toBeUndefined();
    });

    test('the wallet message of an onboarding is held to the times that it has', () => {
      const issuedAt = '2026-01-02T03:05:05Z';
      expect(check({ ...onboarding, issuedAt }, { purpose: ONBOARDING })).toBe('issued_at_in_future');
      const past = '2026-01-02T03:04:06Z';
      expect(check({ ...onboarding, expirationTime: past }, { purpose: ONBOARDING })).toBe('expired');
      expect(check({ ...onboarding, issuedAt: undefined, expirationTime: past }, { purpose: ONBOARDING })).toBe(
        'expired',
      );
      const later = '2026-01-03T03:04:06Z';
      expect(check({ ...onboarding, expirationTime: later }, { purpose: ONBOARDING })).toBeUndefined();
      expect(
        check({ ...onboarding, issuedAt: undefined, expirationTime: later }, { purpose: ONBOARDING }),
      ).toBeUndefined();
    });
  });
});

describe('an accepted message', () => {
  const SECRET = Buffer.from('59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d', 'hex');
  const text = write();

  function sign(signed: string): string {
    const digest = personalSignDigest(Buffer.from(signed));
    const [recovery = 0, ...rs] = secp256k1.sign(digest, SECRET, { prehash: false, format: 'recovered' });
    return `0x${Buffer.from([...rs, 27 + recovery]).toString('hex')}`;
  }

  /** As a login does it: read, signed by the address in it, says what it must. */
  function accepts(tried: string, signatureText: string): boolean {
    const message = messageOf(tried);
    const signature = parseEvmSignature(signatureText);
    if (message === undefined || signature === undefined) return false;
    return (
      recoverSigner(tried, signature, recoverInJavaScript) === message.address &&
      checkSiwe(message, POLICY) === undefined
    );
  }

  const signature = sign(text);
  const edit = fc.record({
    place: fc.nat({ max: text.length }),
    remove: fc.nat({ max: 2 }),
    insert: fc.oneof(fc.string({ maxLength: 2 }), fc.constantFrom('\n', '\r', '\0', ' ', '0', 'Z', '.')),
  });
  const edited = edit.map(({ place, remove, insert }) => text.slice(0, place) + insert + text.slice(place + remove));

  test('a wallet message with the signature of its address is accepted', () => {
    expect(accepts(text, signature)).toBe(true);
  });

  const others: Record<keyof Lines, string> = {
    domain: 'localhost:8080',
    address: '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266',
    statement: 'Paradex Onboarding',
    uri: 'https://localhost:8080',
    version: '2',
    chainId: '1',
    nonce: 'Zx81kq0Wn3b7',
    issuedAt: '2026-01-02T03:04:06Z',
    expirationTime: '2026-01-02T03:09:06Z',
  };

  test.each(Object.entries(others))(
    'a wallet message is refused when its %s differs from what was signed',
    (field, value) => {
      expect(accepts(write({ [field]: value }), signature)).toBe(false);
    },
  );

  test.each(['domain', 'address', 'statement', 'uri', 'version', 'chainId'] as const)(
    'a wallet message is refused when its %s differs, even when that was signed',
    (field) => {
      const other = write({ [field]: others[field] });
      expect(accepts(other, sign(other))).toBe(false);
    },
  );

  test('a wallet message is refused after any edit, with the old signature', () => {
    fc.assert(
      fc.property(edited, (tried) => {
        fc.pre(tried !== text);
        expect(accepts(tried, signature)).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  test('wallet messages that are accepted differ only in address, nonce and times, even when anything can be signed', () => {
    fc.assert(
      fc.property(edited, (tried) => {
        const message = messageOf(tried);
        if (message === undefined || checkSiwe(message, POLICY) !== undefined) return;
        const lineAfter = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(tried)?.[1] ?? '';
        const { nonce } = message;
        const [issuedAt, expirationTime] = [lineAfter('Issued At'), lineAfter('Expiration Time')];
        expect(tried).toBe(write({ address: tried.split('\n')[1] ?? '', nonce, issuedAt, expirationTime }));
      }),
      { numRuns: 2000 },
    );
  });

  test('a wallet message is read in the same way by siwe-parser, and nothing that siwe-parser refuses is read at all', () => {
    const field = (alphabet: RegExp) => fc.stringMatching(alphabet);
    const written = fc
      .record({
        domain: fc.constantFrom(GOOD.domain, 'localhost:8080', '[::1]:8080', '127.0.0.1'),
        statement: field(/^[ -~]{1,40}$/),
        uri: fc.oneof(fc.constant(GOOD.uri), field(/^https:\/\/[a-z0-9.:@/?#=&%-]{1,20}$/)),
        chainId: fc.nat().map(String),
        nonce: field(/^[A-Za-z0-9]{8,20}$/),
        expirationTime: fc.option(fc.constant('2026-01-02T03:09:05.25+05:30'), { nil: undefined }),
      })
      .map((change) => write(change));
    fc.assert(
      fc.property(fc.oneof(edited, written), (tried) => {
        const ours = messageOf(tried);
        // Two freedoms that docs/wire.md section 5 asks for and EIP-4361 does not give: no Issued At, and addresses without EIP-55 case.
        if (ours?.issuedAt === undefined || !tried.includes(CHECKSUMMED)) return;
        const theirs = new ParsedMessage(tried);
        expect(theirs).toMatchObject({
          domain: ours.domain,
          address: CHECKSUMMED,
          statement: ours.statement,
          uri: ours.uri,
          version: ours.version,
          chainId: ours.chainId,
          nonce: ours.nonce,
        });
        expect(theirs.scheme ?? null).toBeNull();
      }),
      { numRuns: 200 },
    );
  });

  /** Why a message that siwe-parser reads is not read here: the first of the freedoms of EIP-4361 that no flow uses. */
  function wordFor({
    scheme,
    domain,
    statement,
    uri,
    nonce,
    chainId,
    issuedAt,
    expirationTime,
    ...more
  }: ParsedMessage) {
    const isUtc = (time: string | undefined) => time === undefined || /^\d{4}-\d\d-\d\dT/.test(time);
    const reasons: readonly (readonly [SiweProblem, boolean])[] = [
      ['scheme', scheme !== undefined],
      ['domain', domain.includes('@')],
      ['statement', statement === undefined || statement === ''],
      ['uri', !/^https?:\/\/[^@?#/]+(?:\/[^?#%]*)?$/.test(uri)],
      ['chain_id', String(chainId).length > 15],
      ['nonce', nonce.length > 128],
      ['issued_at', !isUtc(issuedAt)],
      ['expiration_time', !isUtc(expirationTime)],
      ['not_before', more.notBefore !== undefined],
      ['request_id', more.requestId !== undefined],
      ['resources', more.resources !== undefined],
    ];
    return reasons.find(([, is]) => is)?.[0];
  }

  test('a wallet message that siwe-parser reads and we do not is refused by the name of what we do not want', () => {
    const optional = <T>(text: fc.Arbitrary<T>) => fc.option(text, { nil: undefined, freq: 2 });
    const time = fc.constantFrom('2026-01-02T03:04:05Z', '2026-01-02T03:04:05.123+01:00', '2026-01-02t03:04:05z');
    const message = fc.record({
      scheme: optional(fc.constantFrom('https', 'wss')),
      user: optional(fc.constant('user')),
      statement: optional(fc.constantFrom('Paradex Auth', 'x')),
      uri: fc.constantFrom(
        GOOD.uri,
        'https://a.example/b',
        'https://a.example?x=1',
        'https://a.example#f',
        'did:key:z6',
        'urn:x:1',
      ),
      nonce: fc.oneof(fc.constantFrom('a'.repeat(129), 'b'.repeat(128)), fc.stringMatching(/^[A-Za-z0-9]{8,20}$/)),
      issuedAt: time,
      expirationTime: optional(time),
      notBefore: optional(time),
      requestId: optional(fc.stringMatching(/^[a-z0-9]{0,5}$/)),
      resources: optional(fc.array(fc.constantFrom('https://r.example/1', 'ipfs://x'), { maxLength: 2 })),
    });
    // Too rare to be met by chance.
    const plain = {
      scheme: undefined,
      user: undefined,
      statement: 'x',
      uri: GOOD.uri,
      nonce: 'abcdefgh',
      issuedAt: '2026-01-02T03:04:05Z',
      expirationTime: undefined,
      notBefore: undefined,
      requestId: undefined,
      resources: undefined,
    } as const;
    const seen = new Set<SiweProblem | 'read'>();
    fc.assert(
      fc.property(message, (m) => {
        const line = (label: string, value: string | undefined) => (value === undefined ? [] : [`${label}: ${value}`]);
        const tried = [
          `${m.scheme === undefined ? '' : `${m.scheme}://`}${m.user === undefined ? '' : `${m.user}@`}a.example wants you to sign in with your Ethereum account:`,
          CHECKSUMMED,
          '',
          ...(m.statement === undefined ? [] : [m.statement]),
          '',
          `URI: ${m.uri}`,
          'Version: 1',
          'Chain ID: 1',
          `Nonce: ${m.nonce}`,
          `Issued At: ${m.issuedAt}`,
          ...line('Expiration Time', m.expirationTime),
          ...line('Not Before', m.notBefore),
          ...line('Request ID', m.requestId),
          ...(m.resources === undefined ? [] : ['Resources:', ...m.resources.map((resource) => `- ${resource}`)]),
        ].join('\n');
        // Whatever theirs does not read is no valid message, and what we call it is for the table above.
        let theirs: ParsedMessage;
        try {
          theirs = new ParsedMessage(tried);
        } catch {
          return;
        }
        const ours = parseSiwe(tried);
        const word = typeof ours === 'string' ? ours : 'read';
        seen.add(word);
        expect(word, tried).toBe(wordFor(theirs) ?? 'read');
      }),
      { numRuns: 3000, examples: [[plain]] },
    );
    for (const word of [
      'read',
      'scheme',
      'domain',
      'statement',
      'uri',
      'nonce',
      'not_before',
      'request_id',
      'resources',
    ] as const) {
      expect(seen, word).toContain(word);
    }
  });
});

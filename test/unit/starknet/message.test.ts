import { describe, expect, test } from 'vitest';
import { type Felt, feltOf, parseFelt } from '../../../src/domain/felt.ts';
import { unixSeconds } from '../../../src/domain/time.ts';
import { scureCurve } from '../../../src/starknet/curve.ts';
import { FeltTextError, feltFromText } from '../../../src/starknet/felt.ts';
import {
  activationHash,
  constantType,
  createMessageHasher,
  domainHash,
  domainType,
  hashStruct,
  modifyOrderType,
  orderType,
  registrationHash,
  requestType,
  type StructType,
} from '../../../src/starknet/message.ts';
import { hashElements } from '../../../src/starknet/pedersen.ts';
import { parseSignaturePair } from '../../../src/starknet/signature.ts';
import { snKeccak } from '../../../src/starknet/sn-keccak.ts';
import { eachVector, vectorConstants } from '../../support/each-vector.ts';
import { openEngine } from '../../support/engine-under-test.ts';

function felt(text: string): Felt {
  const parsed = parseFelt(text);
  if (parsed === undefined) throw new Error(`not a felt: ${text}`);
  return parsed;
}

const types: Readonly<Record<string, StructType<string>>> = {
  Constant: constantType,
  Order: orderType,
  ModifyOrder: modifyOrderType,
};
const fullNodeRequest: StructType<string> = {
  name: 'Request',
  members: ['account', 'payload', 'timestamp', 'version'],
  hash: snKeccak('Request(account:felt,payload:felt,timestamp:felt,version:felt)'),
};

const hasherOf = (chainId: string) => createMessageHasher(scureCurve, { domainName: 'Paradex', chainId });

const ACCOUNT = felt('0x512675302c595a7c25addb007cccd1874bb6530632347226ffdf6894aa82cbb');
const SUBKEY = felt('0x450eadbd1182202c2815e6fbb2bd1519fc72a302b02518457c6ec8765b3b38');

test.each([domainType, constantType, requestType, orderType, modifyOrderType])(
  'the written hash of $name is that of its members',
  ({ name, members, hash }) => {
    expect(hash).toBe(snKeccak(`${name}(${members.map((member) => `${member}:felt`).join(',')})`));
  },
);

describe('published vectors', () => {
  eachVector('type_hash', ({ id, encode_type, expected }) => {
    expect(snKeccak(encode_type)).toBe(BigInt(expected));
    const known = [domainType, requestType, orderType, modifyOrderType].find((type) => id === `type_hash:${type.name}`);
    if (known !== undefined) expect(known.hash).toBe(BigInt(expected));
    else expect(id).toBe('selector:initialize');
  });

  eachVector('domain_hash', ({ chain_id, name, expected }) => {
    expect(domainHash(scureCurve, { domainName: name, chainId: chain_id })).toBe(BigInt(expected));
    const asHex = `0x${Buffer.from(chain_id).toString('hex')}`;
    expect(domainHash(scureCurve, { domainName: name, chainId: asHex })).toBe(BigInt(expected));
  });

  eachVector('message_hash', (vector) => {
    const { primary_type, chain_id, expected } = vector;
    const account = felt(vector.account);
    const hasher = hasherOf(chain_id);
    const message: Readonly<Record<string, string | number | undefined>> = vector.message;
    if (expected.omitted !== undefined) {
      const timestamp = unixSeconds(Number(message.timestamp));
      expect(hasher.loginHashWithoutExpiration({ account, timestamp })).toBe(BigInt(expected.omitted));
      expect(hasher.loginHash({ account, timestamp, expiration: unixSeconds(timestamp + 1800) })).toBe(
        BigInt(expected.default),
      );
      return;
    }
    const login = primary_type === 'Request' && message.method !== undefined;
    const type = types[primary_type] ?? (login ? requestType : fullNodeRequest);
    const values = Object.fromEntries(type.members.map((member) => [member, feltFromText(String(message[member]))]));
    const struct = hashStruct(scureCurve, type, values);
    expect(struct).toBe(BigInt(expected.struct_hash));
    expect(hasher.messageHash(account, struct)).toBe(BigInt(expected.message_hash));
    expect(BigInt(expected.message_hash)).toBe(BigInt(expected.message_hash_dec));
    if (login) {
      const timestamp = unixSeconds(Number(message.timestamp));
      const expiration = unixSeconds(Number(message.expiration));
      expect(hasher.loginHash({ account, timestamp, expiration })).toBe(BigInt(expected.message_hash));
    }
    if (primary_type === 'Constant') expect(hasher.onboardingHash(account)).toBe(BigInt(expected.message_hash));
  });

  eachVector('subkey_registration', ({ inputs, signer_public_key, signature_hex, expected }) => {
    const hash = registrationHash(scureCurve, {
      account: felt(inputs.account),
      publicKey: felt(inputs.public_key),
      timestamp: unixSeconds(inputs.signature_timestamp),
      expiry: unixSeconds(inputs.signature_expiry),
    });
    expect(hash).toBe(BigInt(expected.hash));
    for (const form of [expected.signature_hex ?? signature_hex, expected.signature_dec]) {
      if (form === undefined) continue;
      const pair = parseSignaturePair(form);
      const valid =
        pair !== undefined && scureCurve.verify(BigInt(expected.hash), pair.r, pair.s, BigInt(signer_public_key));
      expect(valid).toBe(expected.valid);
    }
  });

  eachVector('subkey_activation', ({ inputs, signature_hex, expected }) => {
    const mainKey = 0x7f4fb2772f6f7b3a419387b1ce73c5dccfb0ccfba6ac424c600dc0a958daaa9n;
    const ephPublicKey = felt(inputs.eph_public_key);
    const hash = activationHash(scureCurve, unixSeconds(inputs.timestamp), ephPublicKey);
    expect(hash).toBe(BigInt(expected.hash));
    const pair = parseSignaturePair(expected.signature_hex ?? signature_hex);
    expect(pair).toBeDefined();
    if (pair === undefined) return;
    const { r, s } = pair;
    expect(scureCurve.verify(BigInt(expected.hash), r, s, BigInt(ephPublicKey))).toBe(
      expected.valid_for_eph_public_key,
    );
    expect(scureCurve.verify(BigInt(expected.hash), r, s, mainKey)).toBe(expected.valid_for_main_key);
  });
});

describe('a login hash', () => {
  const hasher = hasherOf('PRIVATE_SN_POTC_MOCK_SEPOLIA');
  const login = { account: ACCOUNT, timestamp: unixSeconds(1_700_000_000), expiration: unixSeconds(1_700_086_400) };
  const hash = hasher.loginHash(login);

  test.each([
    ['account', { ...login, account: SUBKEY }],
    ['timestamp', { ...login, timestamp: unixSeconds(1_700_000_001) }],
    ['expiration', { ...login, expiration: unixSeconds(1_700_086_401) }],
  ])('the hash of a login covers the %s', (_, other) => {
    expect(hasher.loginHash(other)).not.toBe(hash);
  });

  test('the hash of a login covers the domain name and the chain id', () => {
    const names = { domainName: 'Paradox', chainId: 'PRIVATE_SN_POTC_MOCK_SEPOLIA' };
    expect(createMessageHasher(scureCurve, names).loginHash(login)).not.toBe(hash);
    expect(hasherOf('PRIVATE_SN_POTC_SEPOLIA').loginHash(login)).not.toBe(hash);
  });

  test('the hash of a login cannot be made of times that are no felts', () => {
    expect(() => hasher.loginHash({ ...login, timestamp: unixSeconds(-1) })).toThrow(RangeError);
    expect(() => hasher.loginHash({ ...login, expiration: unixSeconds(Number.NaN) })).toThrow(RangeError);
  });
});

test('the hash of a message does not depend on how many accounts were hashed for before, nor on whether this one is remembered', () => {
  const hasher = createMessageHasher(openEngine(), { domainName: 'Paradex', chainId: 'SN_A' });
  const accounts = Array.from({ length: 4200 }, (_, i) => feltOf(BigInt(i) << 200n));
  const hashes = accounts.map((account) => hasher.messageHash(account, 5n));
  expect(new Set(hashes).size).toBe(accounts.length);
  const reference = hasherOf('SN_A');
  for (const i of [0, 1, 4199]) {
    const account = accounts[i] ?? feltOf(0n);
    expect(hashes[i]).toBe(reference.messageHash(account, 5n));
    for (let k = 0; k < 4; k++) expect(hasher.messageHash(account, 5n)).toBe(hashes[i]);
  }
});

test('a message hasher cannot be made for a domain that has no felt', () => {
  expect(() => hasherOf('X'.repeat(32))).toThrow(FeltTextError);
});

describe('a registration hash', () => {
  const prefix = feltOf(BigInt(vectorConstants.starknet_message_prefix));
  const good = {
    account: ACCOUNT,
    publicKey: SUBKEY,
    timestamp: unixSeconds(1_700_000_000),
    expiry: unixSeconds(1_700_000_300),
  };

  test('the hash of an ordinary registration is that of its four numbers', () => {
    expect(registrationHash(scureCurve, good)).toBe(
      hashElements(scureCurve, [BigInt(ACCOUNT), BigInt(SUBKEY), 1_700_000_000n, 1_700_000_300n]),
    );
  });

  test('the hash of a registration does not exist for the account that would make it a typed-data message', () => {
    expect(registrationHash(scureCurve, { ...good, account: prefix })).toBeUndefined();
  });

  test.each([
    ['2^40', 2 ** 40],
    ['a negative time', -1],
    ['a time that is not a number', Number.NaN],
  ])('the hash of a registration and of an activation does not exist for %s', (_, seconds) => {
    expect(registrationHash(scureCurve, { ...good, timestamp: unixSeconds(seconds) })).toBeUndefined();
    expect(registrationHash(scureCurve, { ...good, expiry: unixSeconds(seconds) })).toBeUndefined();
    expect(activationHash(scureCurve, unixSeconds(seconds), SUBKEY)).toBeUndefined();
  });

  test('the hash of a registration and of an activation exists up to the last second below 2^40', () => {
    const last = unixSeconds(2 ** 40 - 1);
    expect(registrationHash(scureCurve, { ...good, timestamp: last, expiry: last })).toBeTypeOf('bigint');
    expect(activationHash(scureCurve, last, SUBKEY)).toBeTypeOf('bigint');
  });
});

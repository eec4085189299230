// The hand-off byte by byte: vectors made by a Python script of its own, a second implementation on node:crypto both ways, and every
// way a code or a ciphertext can be damaged.
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type HandOff, handOffLink, openedKey, readHandOff, sealedKey } from '../../../src/client/hand-off.ts';
import { randomPrivateKey } from '../../../src/client/private-key.ts';
import { createStarkKey } from '../../../src/client/stark-key.ts';
import { type Felt, feltOf, parseFelt } from '../../../src/domain/felt.ts';
import vectors from '../../vectors/hand-off.json' with { type: 'json' };

const felt = (text: string): Felt => parseFelt(text) ?? feltOf(0n);
const handOffOf = (vector: { account: string; public_key: string; ephemeral_key: string }): HandOff => ({
  account: felt(vector.account),
  publicKey: felt(vector.public_key),
  ephemeralKey: vector.ephemeral_key,
});
const fresh = (): HandOff & { privateKey: string } => {
  const privateKey = randomPrivateKey();
  const { publicKey } = createStarkKey(privateKey);
  return { account: felt('0x4a1f'), publicKey, ephemeralKey: randomPrivateKey(), privateKey };
};

describe.each(vectors.hand_off)('the vector "$id"', (vector) => {
  const handOff = handOffOf(vector);

  test('is read from its link, by the fragment alone too', () => {
    expect(readHandOff(vector.link)).toEqual(handOff);
    expect(readHandOff(vector.link.split('#')[1] ?? '')).toEqual(handOff);
  });

  test('is opened to its private key', async () => {
    expect(await openedKey(handOff, vector.encrypted_key)).toBe(vector.private_key);
  });

  test('is sealed and linked byte for byte', async () => {
    const nonce = Uint8Array.from(Buffer.from(vector.nonce, 'hex'));
    expect(await sealedKey(handOff, vector.private_key, nonce)).toBe(vector.encrypted_key);
    expect(handOffLink(handOff, vector.console_url)).toBe(vector.link);
    expect(handOffLink(handOff, `${vector.console_url}/`)).toBe(vector.link);
  });

  test('names the keys that its secrets make', () => {
    expect(createStarkKey(vector.private_key).publicKey).toBe(vector.public_key);
    expect(createStarkKey(vector.ephemeral_key).publicKey).toBe(vector.eph_public_key);
  });
});

test('the vectors are three, and one has a private key below 2^248', () => {
  expect(vectors.hand_off).toHaveLength(3);
  expect(vectors.hand_off.some(({ private_key }) => BigInt(private_key) < 1n << 248n)).toBe(true);
});

/** The same by node:crypto. */
const LABEL = Buffer.from('countersign/hand-off/v1');
const word = (text: string): Buffer => Buffer.from(BigInt(text).toString(16).padStart(64, '0'), 'hex');
function other({ account, publicKey, ephemeralKey }: HandOff) {
  const named = Buffer.concat([word(account), word(publicKey)]);
  const key = Buffer.from(hkdfSync('sha256', word(ephemeralKey), named, LABEL, 32));
  const aad = Buffer.concat([LABEL, Buffer.of(0), named, word(createStarkKey(ephemeralKey).publicKey)]);
  return { key, aad };
}

test('a second implementation opens what this one seals', async () => {
  const { privateKey, ...handOff } = fresh();
  const text = await sealedKey(handOff, privateKey);
  expect(text).toMatch(/^[A-Za-z0-9_-]{82}$/);
  const bytes = Buffer.from(text, 'base64url');
  const { key, aad } = other(handOff);
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(1, 13))
    .setAAD(aad)
    .setAuthTag(bytes.subarray(45));
  expect(`0x${Buffer.concat([decipher.update(bytes.subarray(13, 45)), decipher.final()]).toString('hex')}`).toBe(
    privateKey,
  );
});

test('this one opens what a second implementation seals', async () => {
  const { privateKey, ...handOff } = fresh();
  const { key, aad } = other(handOff);
  const nonce = Buffer.alloc(12, 7);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(aad);
  const sealed = [cipher.update(word(privateKey)), cipher.final(), cipher.getAuthTag()];
  const text = Buffer.concat([Buffer.of(1), nonce, ...sealed]).toString('base64url');
  expect(await openedKey(handOff, text)).toBe(privateKey);
});

test('two ciphertexts of one key differ: each has a nonce of its own', async () => {
  const { privateKey, ...handOff } = fresh();
  expect(await sealedKey(handOff, privateKey)).not.toBe(await sealedKey(handOff, privateKey));
});

describe('damage', () => {
  const vector = vectors.hand_off[0];
  if (vector === undefined) throw new Error('no vector');
  const handOff = handOffOf(vector);
  const flips = [0x01, 0x80];
  const flipped = (text: string, at: number, by: number): string => {
    const bytes = Buffer.from(text, 'base64url');
    bytes[at] = (bytes[at] ?? 0) ^ by;
    return bytes.toString('base64url');
  };
  const damaged = { name: 'HandOffDamaged' };

  test('each byte of the ciphertext flipped is refused', async () => {
    for (let at = 0; at < 61; at += 1)
      for (const by of flips)
        await expect(openedKey(handOff, flipped(vector.encrypted_key, at, by)), `byte ${at}`).rejects.toMatchObject(
          damaged,
        );
  });

  test('each byte of the link flipped is refused, at the latest by the ciphertext', async () => {
    const fragment = vector.link.split('#')[1] ?? '';
    for (let at = 0; at < 97; at += 1)
      for (const by of flips) {
        const taken = async () => openedKey(readHandOff(flipped(fragment, at, by)), vector.encrypted_key);
        await expect(taken(), `byte ${at}`).rejects.toMatchObject(damaged);
      }
  });

  test('each character of link and ciphertext that is another one is refused, so a code has one spelling', async () => {
    const fragment = vector.link.split('#')[1] ?? '';
    const next = (text: string, at: number) => {
      const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
      const other = alphabet[(alphabet.indexOf(text[at] ?? '') + 1) % 64] ?? '';
      return text.slice(0, at) + other + text.slice(at + 1);
    };
    for (let at = 0; at < 130; at += 1) {
      const taken = async () => openedKey(readHandOff(next(fragment, at)), vector.encrypted_key);
      await expect(taken(), `character ${at} of the link`).rejects.toMatchObject(damaged);
    }
    for (let at = 0; at < 82; at += 1)
      await expect(openedKey(handOff, next(vector.encrypted_key, at)), `character ${at}`).rejects.toMatchObject(
        damaged,
      );
  });

  test('a code that is cut, longer, padded, of another page or of another version says which', async () => {
    const link = (text: string) => () => readHandOff(text);
    for (const text of ['', '#', vector.link.slice(0, -1), `${vector.link}A`, `${vector.link}==`, `${vector.link}#`])
      expect(link(text), text).toThrow(expect.objectContaining({ damage: 'length' }));
    expect(link(vector.link.replace('/hand-off', '/hand_off'))).toThrow(expect.objectContaining({ damage: 'length' }));
    expect(link(flipped(vector.link.split('#')[1] ?? '', 0, 3))).toThrow(
      expect.objectContaining({ damage: 'version' }),
    );
    await expect(openedKey(handOff, flipped(vector.encrypted_key, 0, 3))).rejects.toMatchObject({ damage: 'version' });
  });

  test('a ciphertext that opens to another key than the named one is refused', async () => {
    const named = fresh();
    const text = await sealedKey(named, randomPrivateKey());
    await expect(openedKey(named, text)).rejects.toMatchObject({ damage: 'key' });
  });

  test('what is thrown says nothing of the code', async () => {
    const error = await openedKey(handOff, flipped(vector.encrypted_key, 50, 1)).catch((error: Error) => error);
    const said = `${error} ${error instanceof Error ? error.stack : ''} ${JSON.stringify(error)}`;
    for (const secret of [vector.ephemeral_key, vector.private_key, vector.encrypted_key])
      expect(said).not.toContain(secret.slice(10, 30));
  });
});

import { expect, test } from 'vitest';
import { exportedDeviceKey, importedDeviceKey, newDeviceKey } from '../../../src/client/device-key.ts';

test('a device key cannot be read out unless that was asked for', async () => {
  const kept = await newDeviceKey();
  expect(kept.privateKey.extractable).toBe(false);
  await expect(exportedDeviceKey(kept)).rejects.toThrow(/extractable/);
});

test('the public half of a device key is exactly the four members that the server takes', async () => {
  const { public_key } = await newDeviceKey();
  expect(Object.keys(public_key).sort()).toEqual(['crv', 'kty', 'x', 'y']);
  expect(public_key).toMatchObject({ kty: 'EC', crv: 'P-256', x: expect.stringMatching(/^[\w-]{43}$/) });
});

test('a device key that a file held signs for the same public key, and cannot be read out again', async () => {
  const made = await newDeviceKey({ extractable: true });
  const held = JSON.parse(JSON.stringify(await exportedDeviceKey(made)));
  const read = await importedDeviceKey(held);
  expect(read.public_key).toEqual(made.public_key);
  expect(read.privateKey.extractable).toBe(false);

  const algorithm = { name: 'ECDSA', hash: 'SHA-256' };
  const text = new TextEncoder().encode('text');
  const signature = await crypto.subtle.sign(algorithm, read.privateKey, text);
  const curve = { name: 'ECDSA', namedCurve: 'P-256' };
  const publicKey = await crypto.subtle.importKey('jwk', { ...made.public_key }, curve, false, ['verify']);
  expect(await crypto.subtle.verify(algorithm, publicKey, signature, text)).toBe(true);
});

test('a device key of a file that was changed is refused', async () => {
  const key = await exportedDeviceKey(await newDeviceKey({ extractable: true }));
  const other = await exportedDeviceKey(await newDeviceKey({ extractable: true }));
  await expect(importedDeviceKey({ ...key, x: other.x })).rejects.toThrow();
});

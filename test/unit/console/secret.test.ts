// A secret of the page: read while it is there, in nothing that lists or writes objects, and gone for good once wiped.
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { createSecret, secretsOfAnswer, wipeAllSecrets, wipeAtSignOut } from '../../../console/app/secret.ts';

test('a secret is read until it is wiped, and then throws without saying it', () => {
  const secret = createSecret('0xsecret');
  expect([secret.read(), secret.wiped]).toEqual(['0xsecret', false]);
  secret.wipe();
  expect(secret.wiped).toBe(true);
  expect(() => secret.read()).toThrow(/^This was removed from the page\.$/);
});

test('nothing that lists or writes a secret says its text', () => {
  const secret = createSecret('0xsecret');
  const said = [inspect(secret, { showHidden: true, depth: 9 }), JSON.stringify(secret), String(secret)];
  expect(said.join()).not.toContain('0xsecret');
});

test('every secret that lives is wiped at once, and whoever shows one is told, once', () => {
  const [one, other] = [createSecret('1'), createSecret('2')];
  const told: string[] = [];
  one.onWiped(() => told.push('one'));
  other.onWiped(() => told.push('other'))();
  wipeAllSecrets();
  wipeAllSecrets();
  one.wipe();
  expect([one.wiped, other.wiped, told]).toEqual([true, true, ['one']]);
});

test('a secret that an answer brings after a sign-out is wiped as it comes, and one of the next person is not', () => {
  const before = secretsOfAnswer();
  expect(before('1').read()).toBe('1');
  wipeAtSignOut();
  const late = before('2');
  expect(late.wiped).toBe(true);
  expect(() => late.read()).toThrow();
  expect(secretsOfAnswer()('3').read()).toBe('3');
  wipeAllSecrets();
});

import { expect, test } from 'vitest';
import { credentialKinds, kindTable } from '../../../src/domain/kinds.ts';
import { bearerOfTyp, bearerUses, hasRows, jwtKinds, keyUses, usesWith } from '../../../src/jwt/kinds.ts';

test('no two kinds of JWT have the same typ or audience: none can pass for another', () => {
  expect(new Set(keyUses.map((use) => jwtKinds[use].typ)).size).toBe(keyUses.length);
  expect(new Set(keyUses.map((use) => jwtKinds[use].aud)).size).toBe(keyUses.length);
});

test('the typ of a kind of JWT that is no bearer names no bearer', () => {
  for (const use of keyUses) {
    expect(bearerOfTyp(jwtKinds[use].typ)).toBe(jwtKinds[use].bearer === undefined ? undefined : use);
  }
});

test('the bearer of every kind of credential is one that the verifier accepts', () => {
  for (const kind of credentialKinds) expect(bearerUses).toContain(kindTable[kind].bearer);
});

test('a credential that outlives a sign-out has a row of its own to revoke, and its bearers too', () => {
  for (const kind of credentialKinds.filter((one) => !kindTable[one].endsWithSignOut)) {
    expect(kindTable[kind].table).not.toBe('account');
    expect(bearerUses.filter(hasRows)).toContain(kindTable[kind].bearer);
  }
});

test('signing keys are kept for every bearer whatever the settings, and for terminal tokens only while they are on', () => {
  expect(usesWith({ 'terminal_token.enabled': false })).toEqual(bearerUses);
  expect(usesWith({ 'terminal_token.enabled': true })).toEqual(keyUses);
});

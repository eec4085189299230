// Every character of Unicode, one by one: longer than all other tests of targets.
import { expect, test } from 'vitest';
import { parseTarget } from '../../../src/access/target.ts';

test('an encoded character in a segment of a target is accepted exactly when it has no other spelling', () => {
  const all = Array.from({ length: 0x110000 }, (_, code) => code).filter((code) => code < 0xd800 || code > 0xdfff);
  const refused = all.filter((code) => {
    const hex = Buffer.from(String.fromCodePoint(code)).toString('hex').toUpperCase();
    return parseTarget(`/v1/a${hex.replace(/../g, '%$&')}b`).kind === 'malformed';
  });
  const controls = [
    ...Array.from({ length: 0x20 }, (_, code) => code),
    ...Array.from({ length: 0x21 }, (_, code) => code + 0x7f),
  ];
  const spelled = [...'-./0123456789;ABCDEFGHIJKLMNOPQRSTUVWXYZ\\_abcdefghijklmnopqrstuvwxyz~%'].map((char) =>
    char.charCodeAt(0),
  );
  expect(refused).toEqual([...controls, ...spelled].sort((a, b) => a - b));
});

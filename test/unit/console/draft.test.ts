// The form of a new key, as far as it is no picture.
import { expect, test } from 'vitest';
import { type Draft, isSameDraft, newDraft, noPhoneBecause, readDraft } from '../../../console/pages/add/draft.ts';

const now = Date.parse('2026-11-28T13:03:20Z');
const read = (more: Partial<Draft>, kind: 'token' | 'subkey' = 'subkey') =>
  readDraft({ ...newDraft(kind), name: 'bot', from: { from: 'anywhere', text: '' }, ...more }, now, 50);

test('an empty form asks for nothing: a name and from where it works are for the owner to say', () => {
  const { asked, problems } = readDraft(newDraft('token'), now, 50);
  expect(asked).toBeUndefined();
  expect(problems).toEqual({ name: 'Give it a name.', end: undefined, publicKey: undefined });
  expect(readDraft({ ...newDraft('token'), name: 'dashboard' }, now, 50)).toEqual({
    problems: { name: undefined, end: undefined, publicKey: undefined },
    asked: undefined,
  });
});

test('a filled form asks for what it says', () => {
  expect(read({ name: ' bot ', from: { from: 'listed', text: '203.0.113.7\n10.0.0.0/8 # office' } }).asked).toEqual({
    name: 'bot',
    seconds: 90 * 86_400,
    addresses: ['203.0.113.7/32', '10.0.0.0/8'],
    publicKey: '',
  });
  expect(read({ end: 'never' }).asked?.seconds).toBe(0);
  expect(read({}, 'token').asked?.seconds).toBe(30 * 86_400);
});

test('a list that cannot be sent asks for nothing, and an end that cannot be', () => {
  for (const text of ['', '# nothing', '203.0.113.300'])
    expect(read({ from: { from: 'listed', text } }).asked).toBeUndefined();
  expect(read({ end: 'exact', date: '2026-11-28T13:03' }).asked).toBeUndefined();
});

test('a public key is asked for where the key lives elsewhere, and nowhere else', () => {
  const good = `0x${'4'.repeat(63)}`;
  expect(read({ place: 'elsewhere', publicKey: ` ${good} ` }).asked?.publicKey).toBe(good);
  expect(read({ place: 'here', publicKey: 'nonsense' }).asked).toBeDefined();
  for (const bad of ['', '0x', '0x0', '0x00', '4c1', '0xg', `0x${'1'.repeat(65)}`])
    expect(read({ place: 'elsewhere', publicKey: bad }).problems.publicKey).toBeDefined();
});

test('a key like another takes over its name and addresses, and is not typed yet', () => {
  const like = { name: 'bot', worksFrom: ['203.0.113.7/32'] };
  const draft = newDraft('subkey', like);
  expect(draft).toMatchObject({ name: 'bot', from: { from: 'listed', text: '203.0.113.7' } });
  expect(isSameDraft(draft, newDraft('subkey', like))).toBe(true);
  const changes: readonly Partial<Draft>[] = [
    { name: 'b' },
    { end: 'never' },
    { date: '2026-12-01T00:00' },
    { from: { from: 'anywhere', text: '203.0.113.7' } },
    { from: { from: 'listed', text: '' } },
    { place: 'phone' },
    { publicKey: '0x1' },
  ];
  for (const change of changes) expect(isSameDraft({ ...draft, ...change }, draft)).toBe(false);
});

test('a key goes to a phone only where the venue lets it and the page has an address, and else it is said which of the two', () => {
  const on = { on: true, why_not: null };
  expect(noPhoneBecause({ hand_off: on, console_url: 'https://keys.example.com' })).toBeUndefined();
  expect(noPhoneBecause({ hand_off: on, console_url: null })).toMatch(/no address a phone can open/);
  const off = { on: false, why_not: 'subkeys.max_pending is 0' };
  expect(noPhoneBecause({ hand_off: off, console_url: 'https://keys.example.com' })).toMatch(/switched this off/);
  expect(noPhoneBecause({ hand_off: off, console_url: null })).toMatch(/switched this off/);
});

test('an address of this machine alone is none that a phone can open', () => {
  const at = (console_url: string) => noPhoneBecause({ hand_off: { on: true, why_not: null }, console_url });
  for (const own of [
    'http://localhost:8080',
    'http://127.0.0.1:8080',
    'https://127.1.2.3',
    'https://[::1]:8443',
    'https://keys.localhost',
  ])
    expect(at(own), own).toBe('This page has no address a phone can open (console.url).');
  for (const open of ['https://127.venue.example', 'https://localhost.venue.example', 'https://10.0.0.5:8443'])
    expect(at(open), open).toBeUndefined();
});

// The device of a browser: its name, and the one record that is kept of it.
import { describe, expect, test } from 'vitest';
import { deviceName } from '../../../console/app/session/device-name.ts';
import { deviceRecordOf } from '../../../console/app/session/device-record.ts';
import { newDeviceKey } from '../../../src/client/device-key.ts';

const mozilla = 'Mozilla/5.0';
const webkit = 'AppleWebKit/537.36 (KHTML, like Gecko)';

test.each([
  [`${mozilla} (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0`, 'Firefox on Linux'],
  [
    `${mozilla} (Windows NT 10.0; Win64; x64) ${webkit} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0`,
    'Edge on Windows',
  ],
  [`${mozilla} (X11; Linux x86_64) ${webkit} HeadlessChrome/140.0.0.0 Safari/537.36`, 'Chrome on Linux'],
  [`${mozilla} (Macintosh; Intel Mac OS X 10_15_7) ${webkit} Version/18.4 Safari/605.1.15`, 'Safari on macOS'],
  [
    `${mozilla} (iPhone; CPU iPhone OS 18_4 like Mac OS X) ${webkit} CriOS/140.0 Mobile Safari/604.1`,
    'Chrome on iPhone',
  ],
  [`${mozilla} (Linux; Android 15; Pixel 9) ${webkit} Chrome/140.0.0.0 Mobile Safari/537.36`, 'Chrome on Android'],
  [`${mozilla} (X11; Linux x86_64) ${webkit} Chrome/140.0.0.0 Safari/537.36 OPR/120.0.0.0`, 'Opera on Linux'],
  ['curl/8', 'Browser'],
  ['', 'Browser'],
])('%j is %j', (userAgent, name) => {
  expect(deviceName(userAgent)).toBe(name);
});

describe('the record that is kept', async () => {
  const record = {
    id: 'dev_1',
    account: '0x4a1',
    kind: 'starknet',
    key: await newDeviceKey(),
    endsAt: 1_800_000_000_000,
    usedAt: 1_700_000_000_000,
    idleSeconds: 900,
  };

  test('is read as it was written, and nothing that stands beside it', () => {
    expect(deviceRecordOf({ ...record, bearer: 'x' })).toEqual(record);
  });

  test.each<readonly [string, unknown]>([
    ['nothing', undefined],
    ['text', 'dev_1'],
    ['another id', { ...record, id: 'tok_1' }],
    ['another account', { ...record, account: '<b>' }],
    ['another kind', { ...record, kind: 'main' }],
    ['no end', { ...record, endsAt: undefined }],
    ['a key of text', { ...record, key: 'key' }],
    ['a key that could be exported', { ...record, key: await newDeviceKey({ extractable: true }) }],
  ])('is none with %s', (_, value) => {
    expect(deviceRecordOf(value)).toBeUndefined();
  });
});

// Pictures of what is hard to draw: the widest names, names from right to left, as many addresses and keys as there can be.
import { filledForm, secretDialog, send } from '../adding.ts';
import type { ConsoleOwner } from '../owners.ts';
import { click, listing, type Picture, READ_ONLY, type Scene, SUBKEYS, seen, withoutDevices } from './scene.ts';

const WIDEST = 'W'.repeat(64);
const RIGHT_TO_LEFT = 'مفتاح لوحة 2 البيانات';
const RANGES = Array.from({ length: 50 }, (_, at) =>
  at % 2 === 0 ? `203.0.${113 + at}.0/24` : `2001:db8:${at}:ffff:ffff:ffff:ffff:0/112`,
);

/** Names of the utmost width, in both directions, and a key with as many addresses as one can have. */
export async function makeHardKeys({ client }: ConsoleOwner): Promise<void> {
  await client.tokens.create({ name: WIDEST, allowed_cidrs: RANGES });
  await client.tokens.create({ name: RIGHT_TO_LEFT, allowed_cidrs: RANGES.slice(1, 2) });
  await client.tokens.create({ name: 'a' });
  await client.subkeys.create({ name: WIDEST, allowed_cidrs: RANGES });
  await client.subkeys.create({ name: RIGHT_TO_LEFT });
}

/** The list as long as it is read at once. */
const hundred = listing(
  '/v1/account/tokens',
  (rows) =>
    Array.from({ length: 100 }, (_, at) => ({ ...rows[0], lookup_id: `${at}`.padStart(36, '0'), name: `bot ${at}` })),
  { next: 'more' },
);

const ofHardKey = (name: string, ...buttons: readonly (string | RegExp)[]): Picture => ({
  name: `hard ${name}`,
  as: 'hard',
  path: READ_ONLY,
  async steps({ page }) {
    await page.getByRole('link', { name: WIDEST, exact: true }).click();
    await page.getByRole('heading', { level: 1, name: WIDEST }).waitFor();
    await click(...buttons)({ page });
  },
});

export const hardCases: readonly Picture[] = [
  { name: 'hard keys', as: 'hard', path: READ_ONLY, widths: [1440, 390, 320], steps: seen('WWWW') },
  { name: 'hard subkeys', as: 'hard', path: SUBKEYS, steps: seen('WWWW') },
  {
    name: 'hard hundred keys',
    as: 'hard',
    path: READ_ONLY,
    prepare: hundred,
    async steps({ page }: Scene) {
      await page.getByRole('button', { name: 'Show 100 more' }).scrollIntoViewIfNeeded();
    },
  },
  { ...ofHardKey('key'), widths: [1440, 390, 320] },
  ofHardKey('change addresses', /^Change/),
  ofHardKey('replace', /^Replace/),
  ofHardKey('delete', /^Delete/),
  ofHardKey('rename', /^Rename/),
  {
    name: 'hard activity',
    as: 'hard',
    path: '/console/activity',
    prepare: withoutDevices,
    widths: [1440, 390, 320],
    steps: seen('WWWW'),
  },
  {
    name: 'hard secret',
    as: 'hard',
    path: SUBKEYS,
    widths: [1440, 390, 320],
    async steps({ page, visit, owner }) {
      await send(await filledForm(visit, 'subkey', { name: WIDEST }));
      const dialog = secretDialog(page, 'subkey');
      await dialog.getByRole('button', { name: /^Show/ }).click();
      for await (const { name, public_key, created_at } of owner.client.subkeys.list())
        if (name === WIDEST && Date.now() - Number(created_at / 1_000_000n) < 20_000)
          await owner.client.subkeys.revoke(public_key).catch(() => undefined);
    },
  },
];

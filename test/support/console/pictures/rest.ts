// Pictures of everything else: what happened, where one is signed in, who one is, and the bars.
import { click, inDialog, type Picture, READ_ONLY, refusing, seen, withoutDevices } from './scene.ts';

const why = (name: string, key: string, prepare?: Picture['prepare']): Picture => ({
  name: `why ${name}`,
  as: 'lived-in',
  path: ({ lived }) => `/console/activity/${lived.refused.get(key)}`,
  ...(prepare === undefined ? {} : { prepare }),
  steps: ({ page }) => inDialog(page).getByText('Answer', { exact: true }).waitFor(),
});

/** Over the list, once it is there and `then` was done. */
const bar = (name: string, picture: Partial<Picture>, words: RegExp, then?: Picture['steps']): Picture => ({
  name: `bar ${name}`,
  as: 'lived-in',
  path: READ_ONLY,
  ...picture,
  async steps(scene) {
    await seen('dashboard')(scene);
    await then?.(scene);
    await scene.page.getByText(words).filter({ visible: true }).first().waitFor({ timeout: 20_000 });
  },
});

/** Something that is asked anew. */
const askMore: Picture['steps'] = ({ page }) => page.getByLabel('Show ended keys').click();

export const rest: readonly Picture[] = [
  {
    name: 'activity full',
    as: 'lived-in',
    path: '/console/activity',
    prepare: withoutDevices,
    steps: ({ page }) => page.getByRole('link', { name: /^Why/ }).first().waitFor(),
  },
  { name: 'activity empty', as: 'empty', path: '/console/activity?days=1&what=refused', steps: seen(/^Nothing/) },
  {
    name: 'activity filtered',
    as: 'lived-in',
    path: '/console/activity?days=7&what=refused',
    steps: ({ page }) => page.getByRole('link', { name: /^Why/ }).first().waitFor(),
  },
  why('address', 'dashboard'),
  why('permission', 'grafana'),
  why('expired', 'backtest'),
  why('venue', 'dashboard', (page) =>
    page.route(/\/countersign\/v1\/explain/, async (route) => {
      const response = await route.fetch();
      const said = JSON.parse((await response.text()).replace(/"reason":"[^"]+"/, '"reason":"upstream_unavailable"'));
      await route.fulfill({
        response,
        json: { ...said, code: 'UPSTREAM_UNAVAILABLE', status: 502, allowed_cidrs: null, message: 'no answer' },
      });
    }),
  ),
  {
    name: 'why unknown',
    as: 'lived-in',
    path: `/console/activity/${'0'.repeat(32)}`,
    steps: seen(/^No refusal with this id/),
  },
  { name: 'devices', as: 'lived-in', path: '/console/devices', steps: seen('This one') },
  {
    name: 'devices everywhere',
    as: 'spare',
    path: '/console/devices',
    steps: click('Sign out everywhere'),
  },
  { name: 'wallet', as: 'lived-in', path: '/console/wallet', steps: seen('Main private key') },
  { name: 'wallet of a wallet', as: 'wallet', path: '/console/wallet', steps: seen(/Your wallet is the main key/) },
  {
    name: 'wallet end everything',
    as: 'lived-in',
    path: '/console/wallet',
    async steps(scene) {
      await click(/^End everything/)(scene);
      await inDialog(scene.page).getByLabel('Type END').waitFor();
    },
  },
  {
    name: 'wallet ended',
    as: 'spare',
    path: '/console/wallet',
    async steps(scene) {
      await click(/^End everything/)(scene);
      await inDialog(scene.page).getByLabel('Type END').fill('END');
      await inDialog(scene.page).getByRole('button', { name: 'End everything' }).click();
      await scene.page.getByRole('heading', { level: 1, name: 'Everything is ended' }).waitFor();
    },
  },
  bar('offline', {}, /^No connection to/, async (scene) => {
    await scene.context.setOffline(true);
    await askMore?.(scene);
  }),
  bar('restarting', {}, /^The server is not answering/, async (scene) => {
    await refusing(/^\/(?:v1|countersign)\//, 503, 'SERVICE_UNAVAILABLE', 'starting')(scene.page);
    await askMore?.(scene);
  }),
  bar('idle', { device: { idle_seconds: 60 } }, /^Still there/),
  bar('ends', { device: { lifetime_seconds: 300, idle_seconds: 300 } }, /^You will be signed out at/),
  bar('locked', {}, /^Your venue has locked/, async (scene) => {
    await refusing(/^\/v1\/account\//, 403, 'REQUEST_NOT_ALLOWED', 'the account is locked')(scene.page);
    await askMore?.(scene);
  }),
  bar('clock', { prepare: (page) => page.clock.install({ time: Date.now() + 240_000 }) }, /^This computer's clock is/),
  { name: 'account sheet', as: 'lived-in', path: READ_ONLY, widths: [390], steps: click(/^Account 0x/) },
  { name: 'keyboard', as: 'lived-in', path: READ_ONLY, widths: [1440], steps: ({ page }) => page.keyboard.press('?') },
  { name: 'not found', as: 'lived-in', path: '/console/no/such/page' },
];

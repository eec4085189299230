// Pictures of the keys: the lists, one key, and what is made of, changed in and done to one.
import { filledForm, secretDialog, send } from '../adding.ts';
import {
  broken,
  click,
  failing,
  inDialog,
  type Picture,
  READ_ONLY,
  refusing,
  type Scene,
  SUBKEYS,
  seen,
  waiting,
  wallets,
} from './scene.ts';

const openAdd = async ({ page }: Scene) => {
  await page.getByRole('button', { name: '+ Add New Key' }).first().click();
  await page.getByRole('dialog').waitFor();
};

/** Of a key of the account of weeks: its page, then what buttons of it open. */
const ofOneKey = (name: string, ...buttons: readonly (string | RegExp)[]): Picture => ({
  name,
  as: 'lived-in',
  path: READ_ONLY,
  async steps({ page }) {
    await page.getByRole('link', { name: 'dashboard' }).first().click();
    await page.getByRole('heading', { level: 1, name: 'dashboard' }).waitFor();
    await click(...buttons)({ page });
  },
});

const deleting = (name: string, prepare: NonNullable<Picture['prepare']>, words: RegExp): Picture => ({
  ...ofOneKey(name, /^Delete/),
  as: 'spare',
  prepare,
  async steps(scene) {
    const { page } = scene;
    await page.getByRole('link', { name: 'dashboard' }).first().click();
    await page.getByRole('heading', { level: 1, name: 'dashboard' }).waitFor();
    await click(/^Delete/)({ page });
    await inDialog(page).getByRole('button', { name: 'Delete key' }).click();
    await seen(words)(scene);
  },
});

const secretOf = (name: string, then: (scene: Scene) => Promise<unknown>): Picture => ({
  name: `secret ${name}`,
  as: 'spare',
  path: READ_ONLY,
  async steps(scene) {
    await scene.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await send(await filledForm(scene.visit, 'token', { name: 'grafana' }));
    await secretDialog(scene.page, 'token').waitFor();
    await then(scene);
  },
});

const offering = (name: string, then: (scene: Scene) => Promise<unknown>): Picture => ({
  name: `hand-off ${name}`,
  as: 'spare',
  path: SUBKEYS,
  async prepare(page) {
    await page.clock.install();
    await page.addInitScript(`{
      navigator.clipboard.writeText = async (text) => void (globalThis.copied = text);
    }`);
  },
  async steps(scene) {
    await send(await filledForm(scene.visit, 'subkey', { name: 'phone bot', place: 'On my phone' }));
    await scene.page.getByRole('dialog', { name: 'Scan this with your phone.' }).locator('svg path').first().waitFor();
    await then(scene);
  },
});

export const ofKeys: readonly Picture[] = [
  { name: 'keys full', as: 'lived-in', path: READ_ONLY, steps: seen('dashboard') },
  { name: 'keys subkeys', as: 'lived-in', path: SUBKEYS, steps: seen('market maker 1') },
  { name: 'keys empty', as: 'empty', path: READ_ONLY, steps: seen('No read-only keys yet.') },
  { name: 'keys loading', as: 'lived-in', path: READ_ONLY, prepare: waiting(/^\/v1\/account\/tokens/) },
  {
    name: 'keys failed',
    as: 'lived-in',
    path: READ_ONLY,
    prepare: failing(/^\/v1\/account\/tokens/),
    steps: ({ page }) => page.getByRole('button', { name: /again/i }).first().waitFor(),
  },
  {
    name: 'keys ended shown',
    as: 'lived-in',
    path: READ_ONLY,
    async steps(scene) {
      await scene.page.getByLabel('Show ended keys').click();
      await seen('contractor')(scene);
    },
  },
  {
    name: 'keys nothing found',
    as: 'lived-in',
    path: READ_ONLY,
    async steps({ page }) {
      await seen('dashboard')({ page });
      await page.getByRole('searchbox').fill('no key has this name');
    },
  },
  { name: 'add empty', as: 'lived-in', path: READ_ONLY, steps: openAdd },
  {
    name: 'add errors',
    as: 'lived-in',
    path: READ_ONLY,
    async steps(scene) {
      await openAdd(scene);
      const form = inDialog(scene.page);
      await form.getByRole('radio', { name: 'Only these addresses' }).check();
      await form.getByLabel('One address or range a line').fill('203.0.113.7\n203.0.113.300\n10.0.0.0/33');
      await form.locator('button[type=submit]').click();
    },
  },
  {
    name: 'add warnings',
    as: 'lived-in',
    path: READ_ONLY,
    async steps(scene) {
      await openAdd(scene);
      const form = inDialog(scene.page);
      await form.getByRole('radio', { name: 'Only these addresses' }).check();
      await form.getByLabel('One address or range a line').fill('203.0.113.7/24\n192.168.1.5');
      await seen(/^Your current address/)(scene);
      await form
        .getByText(/^Your current address/)
        .first()
        .scrollIntoViewIfNeeded();
    },
  },
  {
    name: 'add waiting',
    as: 'wallet',
    path: READ_ONLY,
    prepare: wallets('silent at signing'),
    async steps(scene) {
      const form = await filledForm(scene.visit, 'token', { name: 'dashboard' });
      await form.getByRole('button', { name: /MetaMask/ }).click();
      await send(form);
      await scene.page.getByRole('button', { name: /^Waiting for/ }).waitFor();
    },
  },
  {
    name: 'add throw away',
    as: 'lived-in',
    path: READ_ONLY,
    async steps(scene) {
      await openAdd(scene);
      await inDialog(scene.page).getByLabel('Name').fill('dashboard 2');
      await scene.page.keyboard.press('Escape');
      await seen('Throw this away?')(scene);
    },
  },
  { name: 'add subkey', as: 'lived-in', path: SUBKEYS, steps: openAdd },
  secretOf('dots', seen('Save your read-only key now')),
  secretOf('shown', ({ page }) => inDialog(page).getByRole('button', { name: /^Show/ }).click()),
  secretOf('copied', async (scene) => {
    await inDialog(scene.page)
      .getByRole('button', { name: /^Copy Read-only/ })
      .or(inDialog(scene.page).getByRole('button', { name: /^Copy/ }))
      .first()
      .click();
    await seen(/^Copied at/)(scene);
  }),
  secretOf('leaving', async (scene) => {
    await inDialog(scene.page).getByRole('button', { name: 'Close without saving' }).click();
    await seen(/^Then nobody has this key/)(scene);
  }),
  offering('code', seen(/ left$/)),
  offering('ran out', async (scene) => {
    // As the server tells it.
    await refusing(/\/keys\/subkeys\/0x/, 404, 'NOT_FOUND', 'no such subkey')(scene.page);
    await seen(/^The code ran out/)(scene);
  }),
  offering('taken', async (scene) => {
    const { page, visit } = scene;
    await click('Copy link instead')(scene);
    const link = await page.evaluate<string>('copied');
    await visit.owner.client.subkeys.takeHandOff(link);
    await page.clock.fastForward('00:05');
    await seen(/^Taken from/)(scene);
  }),
  ofOneKey('one key'),
  {
    name: 'one key subkey',
    as: 'lived-in',
    path: SUBKEYS,
    async steps(scene) {
      await click('market maker 1')(scene);
      await scene.page.getByRole('heading', { level: 1, name: 'market maker 1' }).waitFor();
    },
  },
  {
    name: 'one key ended',
    as: 'lived-in',
    path: READ_ONLY,
    async steps(scene) {
      await scene.page.getByLabel('Show ended keys').click();
      await click('contractor')(scene);
      await scene.page.getByRole('heading', { level: 1, name: 'contractor' }).waitFor();
    },
  },
  ofOneKey('change addresses', /^Change/),
  {
    ...ofOneKey('change addresses narrower', /^Change/),
    async steps(scene) {
      await ofOneKey('', /^Change/).steps?.(scene);
      await inDialog(scene.page).getByLabel('One address or range a line').fill('203.0.113.7\n203.0.113.64/26');
      await seen('− 203.0.113.0/24')(scene);
    },
  },
  {
    ...ofOneKey('change addresses wider', /^Change/),
    async steps(scene) {
      await ofOneKey('', /^Change/).steps?.(scene);
      await inDialog(scene.page).getByLabel('One address or range a line').fill('203.0.113.0/24\n198.51.100.4');
      await seen('+ 198.51.100.4')(scene);
    },
  },
  {
    ...ofOneKey('rename', /^Rename/),
  },
  ofOneKey('replace', /^Replace/),
  {
    name: 'replace old key works',
    as: 'spare',
    path: READ_ONLY,
    async steps({ page, owner }) {
      for await (const { name, lookup_id } of owner.client.tokens.list())
        if (name === 'dashboard') await owner.client.tokens.rotate(lookup_id, { overlap_seconds: 86_400 });
      await page.reload();
      await page.getByText('Replaced').waitFor();
      await page
        .getByRole('row')
        .or(page.getByRole('listitem'))
        .filter({ hasText: 'dashboard' })
        .filter({ hasNotText: 'Replaced' })
        .getByRole('link')
        .first()
        .click();
      await page.getByRole('heading', { level: 1, name: 'dashboard' }).waitFor();
      await click(/^Replace/)({ page });
      await seen(/^Its old key still works/)({ page });
    },
  },
  {
    ...ofOneKey('delete in use', /^Delete/),
    prepare: async (_page, { opened, lived }) => {
      const bearer = lived.tokens.get('dashboard');
      const headers = { Authorization: `Bearer ${bearer}`, 'X-Forwarded-For': '203.0.113.7' };
      for (let times = 0; times < 5; times += 1) await fetch(`${opened.url}/v1/account`, { headers });
    },
  },
  deleting('delete deleting', waiting(/\/tokens\/[^/]+$/, 'DELETE'), /^Deleting/),
  deleting(
    'delete not yet',
    refusing(/\/tokens\/[^/]+$/, 503, 'SERVICE_UNAVAILABLE', 'not written', { method: 'DELETE' }),
    /^Not deleted yet/,
  ),
  {
    name: 'delete done',
    as: 'spare',
    path: READ_ONLY,
    async steps(scene) {
      const { page, isPhone } = scene;
      if (isPhone) await page.getByRole('link', { name: 'dashboard' }).first().click();
      await click(/^Delete/)(scene);
      await inDialog(page).getByRole('button', { name: 'Delete key' }).click();
      await seen(/^Deleted\. Refused/)(scene);
    },
  },
  deleting('delete unknown', broken(/\/tokens\/[^/]+$/, 'DELETE'), /^We do not know yet/),
];

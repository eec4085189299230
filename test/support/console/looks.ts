// Every page, dialog and bar of the console that is looked over, and how it is come to: those that are photographed, and the rest.

import { addedKey } from './adding.ts';
import { pictures } from './pictures/pictures.ts';
import { click, inDialog, type Picture, READ_ONLY, SUBKEYS, seen } from './pictures/scene.ts';

const more: readonly Picture[] = [
  {
    name: 'add thrown away',
    as: 'lived-in',
    path: READ_ONLY,
    async steps({ page }) {
      await click('+ Add New Key')({ page });
      await page.getByRole('dialog').getByLabel('Name').fill('dashboard');
      await page.keyboard.press('Escape');
      await page.getByRole('alertdialog').waitFor();
    },
  },
  {
    name: 'add subkey errors',
    as: 'lived-in',
    path: SUBKEYS,
    async steps({ page }) {
      await click('+ Add New Key')({ page });
      const form = page.getByRole('dialog', { name: 'Add a subkey' });
      await form.getByRole('radio', { name: 'I have a public key already' }).check();
      await form.getByRole('radio', { name: 'Exact date…' }).check();
      await form.getByRole('button', { name: 'Sign and add' }).click();
      await form.getByText('Give it a name.').waitFor();
    },
  },
  {
    name: 'rename',
    as: 'lived-in',
    path: READ_ONLY,
    async steps({ page }) {
      await click('grafana', 'Rename grafana')({ page });
      await page.getByRole('textbox', { name: 'Name' }).fill('');
      await page.keyboard.press('Enter');
      await page.getByText('Give it a name.').waitFor();
    },
  },
  {
    name: 'change addresses of a key from anywhere',
    as: 'lived-in',
    path: READ_ONLY,
    async steps({ page }) {
      await click('tax export', 'Change addresses')({ page });
      await inDialog(page).getByRole('radio', { name: 'Only these addresses' }).check();
      await inDialog(page).getByLabel('One address or range a line').fill('203.0.113.7\n192.168.1.5');
    },
  },
  {
    name: 'secret closing',
    as: 'spare',
    path: READ_ONLY,
    async steps({ page, visit }) {
      await addedKey(visit, 'token', { name: 'grafana' });
      await click('Close without saving')({ page });
      await page.getByRole('alertdialog').waitFor();
    },
  },
  {
    name: 'copy settings to a new key',
    as: 'lived-in',
    path: SUBKEYS,
    steps: click('market maker 1', 'Copy settings to a new key'),
  },
  {
    name: 'copy private key',
    as: 'lived-in',
    path: '/console/wallet',
    async steps({ page }) {
      await click('Copy Private Key')({ page });
      await page.getByLabel('I know what this key can do').check();
      await seen('No wallet found in this browser.')({ page });
    },
  },
  {
    name: 'end everything typed',
    as: 'lived-in',
    path: '/console/wallet',
    async steps({ page }) {
      await click(/^End everything/)({ page });
      await page.getByLabel('Type END').fill('END');
    },
  },
  {
    name: 'wallet unfolded',
    as: 'lived-in',
    path: '/console/wallet',
    async steps({ page }) {
      await page.getByText('If your main key is out').click();
      await page.getByText('If you lost it').click();
    },
  },
  {
    name: 'sign-in new account leaving',
    as: 'nobody',
    path: '/console/sign-in?with=new',
    async steps({ page }) {
      await page.getByRole('button', { name: 'Download' }).waitFor();
      await click('Back to the step before')({ page });
      await page.getByRole('alertdialog').waitFor();
    },
  },
  {
    name: 'sign in again',
    as: 'lived-in',
    path: READ_ONLY,
    prepare: (page) => page.clock.install({ time: Date.now() }),
    async steps({ page }) {
      await seen('dashboard')({ page });
      await click('+ Add New Key')({ page });
      await page.getByRole('dialog').getByLabel('Name').fill('dashboard');
      await page.clock.fastForward(16 * 60_000);
      await seen('Sign in again')({ page });
    },
  },
];

export const looks: readonly Picture[] = [...pictures, ...more];

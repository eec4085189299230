// A server that is killed under an open dialog and started again on the same data and port: what it has said to be done is there, the page finds
// out what became of the rest, and the dialog is finished where it stands.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createStarkKey } from '../../src/client/stark-key.ts';
import { chromiumFile, chromiumNeeded } from '../support/chromium.ts';
import {
  addedKey,
  filledForm,
  type KeyKind,
  keysPath,
  saveAndClose,
  secretDialog,
  send,
  shownSecret,
} from '../support/console/adding.ts';
import { ensureConsoleBuilt } from '../support/console/built.ts';
import { cut } from '../support/console/cut.ts';
import { openVisits, type Visit, type Visits } from '../support/console/open-console.ts';
import { ordersWith, readsWith } from '../support/console/orders.ts';
import { use } from '../support/console/some-keys.ts';
import { type Home, homeIn, type Server, startServer } from '../support/server-process.ts';
import { endEverythingStarted } from '../support/started.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const READ_ONLY = '/console/keys/read-only';
const GIVEN = 180_000;

describe.skipIf(chromiumFile === undefined)(`a server that is killed${chromiumNeeded}`, { timeout: GIVEN }, () => {
  let home: Home;
  let server: Server;
  let visits: Visits;
  beforeAll(async () => {
    ensureConsoleBuilt();
    home = homeIn(temporaryFolder('killed'));
    server = await startServer(home);
    visits = await openVisits(server.url);
  }, GIVEN);
  afterAll(async () => {
    try {
      await visits?.close();
    } finally {
      endEverythingStarted();
    }
  });

  async function kill(): Promise<void> {
    server.signal('SIGKILL');
    expect((await server.ended).signal).toBe('SIGKILL');
  }
  async function startAgain(): Promise<void> {
    const { url } = visits;
    server = await startServer(home, [], Number(new URL(url).port));
    expect(server.url).toBe(url);
  }

  const away = ({ page }: Visit) => page.getByText(/^(?:The server is not answering|No connection to)/);
  const saidDeleted = /^Deleted\. Refused everywhere since/;

  /** A key that is deleted, one that stays, and the question about a third. */
  async function askedToDelete() {
    const visit = await visits.visit({ path: undefined });
    const { page, owner } = visit;
    const made = async (name: string) => (await owner.client.tokens.create({ name })).value;
    const [before, stays, asked] = [await made('deleted before'), await made('stays'), await made('asked')];
    await visit.goTo(READ_ONLY);
    const question = page.getByRole('alertdialog');
    const button = question.getByRole('button', { name: 'Delete key' });
    await page.getByRole('button', { name: 'Delete deleted before' }).click();
    await button.click();
    await page.getByText(saidDeleted).waitFor();
    // Without these words: those of the next one are looked for.
    await visit.goTo(READ_ONLY);
    await page.getByRole('button', { name: 'Delete asked' }).click();
    await button.waitFor();
    return { visit, page, question, button, tokens: { before: before.token, stays: stays.token, asked: asked.token } };
  }
  type Asked = Awaited<ReturnType<typeof askedToDelete>>;

  async function isFinished({ visit, page, tokens }: Asked): Promise<void> {
    await page.getByText(saidDeleted).waitFor();
    await page.getByRole('row').filter({ hasText: 'asked' }).getByText('Revoked', { exact: true }).waitFor();
    await away(visit).waitFor({ state: 'detached' });
    const { before, stays, asked } = tokens;
    const statuses = await Promise.all([before, stays, asked].map((token) => use(visits.url, token)));
    expect(statuses).toEqual([401, 200, 401]);
    expect((await visit.owner.client.tokens.list().page()).results).toMatchObject([{ name: 'stays' }]);
  }

  test('under the question before a key is deleted: it is deleted once the server is there again, and what was deleted before is', async () => {
    const there = await askedToDelete();
    await kill();
    await there.button.click();
    await there.question.getByText('We do not know yet whether it was deleted. Checking…').waitFor();
    await away(there.visit).waitFor();
    expect(await there.page.getByText(saidDeleted).count()).toBe(0);
    await startAgain();
    await isFinished(there);
  });

  test('after it has deleted a key and before its answer is here: the page finds out that it is deleted', async () => {
    const there = await askedToDelete();
    const path = /^\/v1\/account\/tokens\//;
    const later = await cut(there.page, { method: 'DELETE', path, at: 'held', times: 1000 });
    const first = await cut(there.page, { method: 'DELETE', path, at: 'answer' });
    const isDone = first.next();
    await there.button.click();
    await isDone;
    expect(await use(visits.url, there.tokens.asked)).toBe(401);
    await kill();
    await later.letGo();
    await away(there.visit).waitFor();
    expect(await there.page.getByText(saidDeleted).count()).toBe(0);
    await startAgain();
    await isFinished(there);
  });

  const liveNames = async ({ owner }: Visit, kind: KeyKind): Promise<string[]> => {
    const { results } =
      kind === 'token' ? await owner.client.tokens.list().page() : await owner.client.subkeys.list().page();
    return results.map(({ name }) => name).sort();
  };
  const works = async (kind: KeyKind, secret: string, { owner }: Visit): Promise<void> => {
    if (kind === 'token') expect(await readsWith(visits.url, secret)).toBe(200);
    else expect(await ordersWith(visits.url, secret, owner.account)).toMatch(/^[0-9]+$/);
  };

  test.each(['token', 'subkey'] as const)(
    'under the filled form of a %s: nothing was sent, it is made once the server is there again, and the one made before works',
    async (kind) => {
      const visit = await visits.visit({ path: keysPath(kind) });
      const { page } = visit;
      const dialog = await addedKey(visit, kind, { name: 'made before' });
      const before = await shownSecret(dialog);
      await saveAndClose(dialog);
      const form = await filledForm(visit, kind, { name: 'made after', addresses: '127.0.0.1' });
      await kill();
      await send(form);
      await form.getByRole('alert').getByText('No connection. Nothing was sent.').waitFor();
      await away(visit).waitFor();
      await startAgain();
      expect(await form.getByLabel('Name').inputValue()).toBe('made after');
      expect(await form.getByLabel('One address or range a line').inputValue()).toBe('127.0.0.1');
      await send(form);
      await secretDialog(page, kind).waitFor();
      const after = await shownSecret(secretDialog(page, kind));
      for (const secret of [before, after]) await works(kind, secret, visit);
      expect(await liveNames(visit, kind)).toEqual(['made after', 'made before']);
    },
  );

  /** The server has made it, nobody has its answer, and no look for it is answered before the kill. */
  async function killedAfterMaking(kind: KeyKind) {
    const visit = await visits.visit({ path: keysPath(kind) });
    const { page } = visit;
    const form = await filledForm(visit, kind, { name: 'made unheard' });
    await page.waitForLoadState('networkidle');
    const looks = await cut(page, { method: 'GET', path: /^\/v1\/account\/(?:tokens|keys)/, at: 'held', times: 1000 });
    const path = kind === 'token' ? /^\/v1\/account\/tokens$/ : /^\/countersign\/v1\/subkeys$/;
    const made = await cut(page, { method: 'POST', path, at: 'answer' });
    const isMade = made.next();
    await send(form);
    await isMade;
    await kill();
    await looks.letGo();
    await form.getByText('No connection. We do not know whether it arrived. Checking…').waitFor();
    await away(visit).waitFor();
    await startAgain();
    return { visit, page, form };
  }

  test('after it has made a subkey and before its answer is here: the page finds it, and shows the private key that is its own', async () => {
    const { visit, page } = await killedAfterMaking('subkey');
    const dialog = secretDialog(page, 'subkey');
    await dialog.waitFor();
    const privateKey = await shownSecret(dialog);
    await works('subkey', privateKey, visit);
    const { results } = await visit.owner.client.subkeys.list().page();
    expect(results).toMatchObject([{ name: 'made unheard', public_key: createStarkKey(privateKey).publicKey }]);
  });

  test('after it has made a read-only key and before its answer is here: the page finds it, and makes another in its place', async () => {
    const { visit, page, form } = await killedAfterMaking('token');
    const [lost] = (await visit.owner.client.tokens.list().page()).results;
    await form.getByText(/^‘made unheard’ was made at .* Nobody has it\./).waitFor();
    await form.getByRole('button', { name: 'Delete it and make another' }).click();
    const key = form.getByLabel('Main private key');
    const dialog = secretDialog(page, 'token');
    await key.or(dialog).first().waitFor();
    // The key is asked for again, or still there: then it is made by itself, maybe under the hand that types.
    const sent = async () => {
      await key.fill(visit.owner.privateKey);
      await send(form);
    };
    if (await key.isVisible()) await Promise.race([sent().catch(() => dialog.waitFor()), dialog.waitFor()]);
    await dialog.waitFor();
    await works('token', await shownSecret(dialog), visit);
    const { results } = await visit.owner.client.tokens.list().page();
    expect(results).toMatchObject([{ name: 'made unheard' }]);
    expect(results[0]?.lookup_id).not.toBe(lost?.lookup_id);
  });
});

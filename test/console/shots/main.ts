// npm run console:shots [name ...]: takes every picture of the console, light and dark, at their widths, into console-shots/, with one contact sheet
// for each width. With names: only pictures whose names begin so.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromiumFile } from '../../support/chromium.ts';
import { livedInSettings, liveIn, movedClock } from '../../support/console/lived-in.ts';
import { openConsole } from '../../support/console/open-console.ts';
import { type ConsoleOwner, createOwner } from '../../support/console/owners.ts';
import { makeHardKeys } from '../../support/console/pictures/hard-cases.ts';
import { pictures } from '../../support/console/pictures/pictures.ts';
import type { Picture, Stage } from '../../support/console/pictures/scene.ts';
import { contactSheet, type Taken } from './contact-sheet.ts';

const FOLDER = join(import.meta.dirname, '../../../console-shots');
const WIDTHS = [1440, 390, 320] as const;
/** Where a picture says nothing else. */
const USUAL: readonly number[] = [1440, 390];
const SHEETS = {
  1440: { across: 2, width: 480 },
  390: { across: 4, width: 195 },
  320: { across: 4, width: 160 },
} as const;
const STEP_MS = 5000;
const SETTLE_MS = 1500;

interface Theatre extends Pick<Stage, 'opened' | 'lived'> {
  readonly owners: Readonly<Record<'lived-in' | 'empty' | 'wallet' | 'hard', ConsoleOwner>>;
}

/** With what was there instead. */
class NotTaken extends Error {
  readonly png: Buffer;

  constructor(why: string, png: Buffer) {
    super(why);
    this.png = png;
  }
}

const say = (line: string) => void process.stdout.write(`${line}\n`);

async function openTheatre(): Promise<Theatre> {
  const clock = movedClock();
  // A server's clock goes on only: it starts in the past.
  clock.setDaysAgo(22);
  const settings = { ...livedInSettings, 'console.url': 'https://keys.venue.example' };
  const opened = await openConsole({ settings, time: clock.time });
  const { url } = opened;
  const owner = await createOwner(url, 'main', { clock });
  const lived = await liveIn(url, owner, clock);
  const hard = await createOwner(url, 'main');
  await makeHardKeys(hard);
  const owners = {
    'lived-in': owner,
    empty: await createOwner(url, 'main'),
    wallet: await createOwner(url, 'wallet'),
    hard,
  };
  return { opened, lived, owners };
}

async function spareOwner(url: string): Promise<ConsoleOwner> {
  const owner = await createOwner(url, 'main');
  for (const name of ['dashboard', 'tax export']) await owner.client.tokens.create({ name });
  await owner.client.subkeys.create({ name: 'market maker 1' });
  return owner;
}

async function take({ opened, lived, owners }: Theatre, picture: Picture, width: 1440 | 390 | 320): Promise<Taken> {
  const { as, prepare, device } = picture;
  const owner = as === 'spare' ? await spareOwner(opened.url) : owners[as === 'nobody' ? 'lived-in' : as];
  const stage = { opened, lived, owner };
  const visit = await opened.visit({
    as: as === 'nobody' ? 'stranger' : 'main',
    owner,
    ...(prepare === undefined ? {} : { prepare: (page) => prepare(page, stage) }),
    ...(device === undefined ? {} : { device }),
    width,
    path: undefined,
    context: { reducedMotion: 'reduce', deviceScaleFactor: 1 },
  });
  const { page, context } = visit;
  page.setDefaultTimeout(STEP_MS);
  try {
    await visit.goTo(typeof picture.path === 'string' ? picture.path : await picture.path(stage));
    await picture.steps?.({ ...stage, visit, page, context, isPhone: width !== 1440 });
    // What a picture holds back is never done.
    await page.waitForLoadState('networkidle', { timeout: SETTLE_MS }).catch(() => undefined);
    // Nothing is shown as pointed at.
    if (width === 1440) await page.mouse.move(1439, 899);
    const shot = async (colorScheme: 'light' | 'dark') => {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      return page.screenshot({ animations: 'disabled', caret: 'hide' });
    };
    return { name: picture.name, light: await shot('light'), dark: await shot('dark') };
  } catch (error) {
    throw new NotTaken(String(error), await page.screenshot());
  } finally {
    for (const problem of visit.problems()) say(`  ${problem.split('\n')[0]}`);
    visit.expectProblems(/./);
    // Some pictures end it themselves.
    if (visit.deviceId !== undefined) await owner.client.devices.end(visit.deviceId).catch(() => undefined);
    await context.close();
  }
}

async function main(names: readonly string[]): Promise<void> {
  if (chromiumFile === undefined) throw new Error('no chromium on the PATH, nor in CHROMIUM');
  const chosen = pictures.filter(({ name }) => names.length === 0 || names.some((start) => name.startsWith(start)));
  const theatre = await openTheatre();
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER);
  let [wanted, missing] = [0, 0];
  try {
    for (const width of WIDTHS) {
      const taken: Taken[] = [];
      for (const picture of chosen) {
        if (!(picture.widths ?? USUAL).includes(width)) continue;
        wanted += 1;
        say(`${width} ${picture.name}`);
        try {
          const shots = await take(theatre, picture, width);
          const file = join(FOLDER, `${width}-${picture.name.replaceAll(' ', '-')}`);
          writeFileSync(`${file}-light.png`, shots.light);
          writeFileSync(`${file}-dark.png`, shots.dark);
          taken.push(shots);
        } catch (error) {
          if (error instanceof NotTaken)
            writeFileSync(join(FOLDER, `not-taken-${width}-${picture.name.replaceAll(' ', '-')}.png`), error.png);
          missing += 1;
          say(`  not taken: ${String(error).split('\n').slice(0, 4).join(' ')}`);
        }
      }
      if (taken.length === 0) continue;
      writeFileSync(
        join(FOLDER, `contact-${width}.png`),
        await contactSheet(theatre.opened.browser, taken, SHEETS[width]),
      );
    }
  } finally {
    await theatre.opened.close();
  }
  say(`${wanted - missing} pictures, ${missing} not taken: ${FOLDER}`);
  if (missing > 0) process.exitCode = 1;
}

await main(process.argv.slice(2));

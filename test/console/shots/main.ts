// npm run console:shots [name ...]: takes every picture of the console, light and dark, at both widths, into console-shots/, with one contact sheet
// for each width. With names: only pictures whose names begin so.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromiumFile } from '../../support/chromium.ts';
import { type LivedIn, livedInSettings, liveIn, movedClock } from '../../support/console/lived-in.ts';
import { type OpenConsole, openConsole } from '../../support/console/open-console.ts';
import { type ConsoleOwner, createOwner } from '../../support/console/owners.ts';
import { contactSheet, type Taken } from './contact-sheet.ts';
import { type Picture, pictures } from './pictures.ts';

const FOLDER = join(import.meta.dirname, '../../../console-shots');
const WIDTHS = [1440, 390] as const;
const SHEETS = { 1440: { across: 2, width: 480 }, 390: { across: 4, width: 195 } } as const;
const STEP_MS = 5000;
const SETTLE_MS = 1500;

interface Stage {
  readonly opened: OpenConsole;
  readonly lived: LivedIn;
  readonly owners: Readonly<Record<'lived-in' | 'empty', ConsoleOwner>>;
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

async function setStage(): Promise<Stage> {
  const clock = movedClock();
  // A server's clock goes on only: it starts in the past.
  clock.setDaysAgo(22);
  const opened = await openConsole({ settings: { ...livedInSettings }, time: clock.time });
  const owner = await createOwner(opened.url, 'main', { clock });
  const lived = await liveIn(opened.url, owner, clock);
  return { opened, lived, owners: { 'lived-in': owner, empty: await createOwner(opened.url, 'main') } };
}

async function take({ opened, lived, owners }: Stage, picture: Picture, width: 1440 | 390): Promise<Taken> {
  const owner = picture.as === 'nobody' ? undefined : owners[picture.as];
  const visit = await opened.visit({
    as: owner === undefined ? 'stranger' : 'main',
    ...(owner === undefined ? {} : { owner }),
    ...(picture.prepare === undefined ? {} : { prepare: picture.prepare }),
    width,
    path: undefined,
    context: { reducedMotion: 'reduce', deviceScaleFactor: 1 },
  });
  const { page } = visit;
  page.setDefaultTimeout(STEP_MS);
  try {
    await visit.goTo(typeof picture.path === 'string' ? picture.path : picture.path(lived));
    await picture.steps?.({ visit, page, opened, lived, isPhone: width === 390 });
    // What a picture holds back is never done.
    await page.waitForLoadState('networkidle', { timeout: SETTLE_MS }).catch(() => undefined);
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
    if (visit.deviceId !== undefined && owner !== undefined) await owner.client.devices.end(visit.deviceId);
    await visit.context.close();
  }
}

async function main(names: readonly string[]): Promise<void> {
  if (chromiumFile === undefined) throw new Error('no chromium on the PATH, nor in CHROMIUM');
  const chosen = pictures.filter(({ name }) => names.length === 0 || names.some((start) => name.startsWith(start)));
  const stage = await setStage();
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER);
  let missing = 0;
  try {
    for (const width of WIDTHS) {
      const taken: Taken[] = [];
      for (const picture of chosen) {
        say(`${width} ${picture.name}`);
        try {
          const shots = await take(stage, picture, width);
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
        await contactSheet(stage.opened.browser, taken, SHEETS[width]),
      );
    }
  } finally {
    await stage.opened.close();
  }
  say(`${chosen.length * WIDTHS.length - missing} pictures, ${missing} not taken: ${FOLDER}`);
  if (missing > 0) process.exitCode = 1;
}

await main(process.argv.slice(2));

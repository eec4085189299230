// What an attacker and an ordinary accident try, by kind, against a freshly started server, or against an installation of your own:
// `npm run test:attack -- --url http://127.0.0.1:8080`. Loopback only, bounded in count and time. It prints what it tried and what
// held; exit code 0: everything held.
import { parseArgs } from 'node:util';
import { endEverythingStarted } from '../support/started.ts';
import { removeFolders } from '../support/temporary-folder.ts';
import {
  askForDebugger,
  breakOutput,
  killStarts,
  openFilesToOthers,
  removeDatabase,
  shareDatabase,
  startInTheFuture,
  useOnce,
  writeBeside,
} from './accidents.ts';
import { attackDoors, attackEndingsOfAll, attackProofs, attackRegistrations } from './devices.ts';
import { attackEmergency, attackEndings, attackForeignSigners } from './emergency.ts';
import { attackHeaders, attackMembers, attackOwnBodies, attackRequestLines } from './names.ts';
import { ownersAt } from './owner.ts';
import { attackOperator, attackShared, insist } from './sharing.ts';
import { createTally, type Result, type Tally } from './tally.ts';
import { installationAt, startOwn, type Target } from './target.ts';

const { url } = argumentsGiven();
const say = (line = ''): unknown => process.stdout.write(`${line}\n`);

function argumentsGiven(): { readonly url?: string } {
  try {
    const { url } = parseArgs({ options: { url: { type: 'string' } } }).values;
    if (url === undefined) return {};
    installationAt(url);
    return { url };
  } catch (error) {
    process.stderr.write(`test:attack: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(2);
  }
}

const OWN_ONLY = 'needs a server of its own: run it without --url';

async function run(kind: string, attack: (tally: Tally) => Promise<void>): Promise<Result> {
  const tally = createTally(kind);
  try {
    await attack(tally);
  } catch (error) {
    tally.tried(false, () => `it broke off: ${error instanceof Error ? error.message : String(error)}`);
  }
  const result = tally.result();
  say(`${result.held === result.tried ? 'held' : 'BROKE'}  ${result.held} of ${result.tried}  ${kind}`);
  for (const failure of result.failures) say(`       ${failure}`);
  for (const reason of result.leftOut) say(`       left out: ${reason}`);
  return result;
}

const onlyOwn =
  (target: Target, attack: (own: NonNullable<Target['own']>, tally: Tally) => Promise<void>) =>
  async (tally: Tally): Promise<void> => {
    if (target.own === undefined) tally.leftOut(OWN_ONLY);
    else await attack(target.own, tally);
  };

const accidents: readonly [string, (tally: Tally) => Promise<void>][] = [
  ['kill -9 while it starts for the first time', killStarts],
  ['a log that nobody takes', breakOutput],
  ['two servers on one database', shareDatabase],
  ['a database that is taken away', removeDatabase],
  ['a database that somebody else writes to', writeBeside],
  ['a start in the future', startInTheFuture],
  ['a debugger', askForDebugger],
  ['logins that count once, and a stolen subkey that is first', useOnce],
  ['files that others may read or write', openFilesToOthers],
];

async function attackEverything(target: Target): Promise<Result[]> {
  const newOwner = await ownersAt(target.url);
  const [first, second, third] = [await newOwner(), await newOwner(), await newOwner()];
  return [
    await run('members of an order under other names', (tally) => attackMembers(target, first, tally)),
    await run(
      'identities of other proxies',
      onlyOwn(target, (own, tally) => attackHeaders(target, own, first, tally)),
    ),
    await run('bodies of our own with two readings', (tally) => attackOwnBodies(target, first, tally)),
    await run('request lines of other protocols, and other spellings of a path', (tally) =>
      attackRequestLines(target, tally),
    ),
    await run('orders signed by keys that may not', (tally) => attackForeignSigners(target, second, tally)),
    await run('endings in the middle of work', (tally) => attackEndings(target, second, tally)),
    await run('proofs of a device that are for something else', (tally) => attackProofs(target, second, tally)),
    await run('a stolen device at every door', (tally) => attackDoors(target, second, tally)),
    await run('registrations that a stolen device has seen', (tally) => attackRegistrations(target, second, tally)),
    await run('revoke-all in the middle of rotations, sign-ins and registrations', (tally) =>
      attackEndingsOfAll(target, newOwner, tally),
    ),
    await run('what all share, beside an owner at work', (tally) => attackShared(target, second, tally)),
    await run('the listener of the operator', onlyOwn(target, attackOperator)),
    await run('answers of 429, again and again', (tally) => insist(target, tally)),
    await run('emergency routes that change nothing', (tally) => attackEmergency(target, third, tally)),
    ...(await inTurns(accidents, ([kind, attack]) =>
      run(
        kind,
        onlyOwn(target, (_own, tally) => attack(tally)),
      ),
    )),
  ];
}

async function inTurns<Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  for (const item of items) results.push(await work(item));
  return results;
}

const target = url === undefined ? await startOwn() : installationAt(url);
say(`attacking ${target.url}${target.own === undefined ? '' : ', started for this'}`);
try {
  const results = await attackEverything(target);
  const [tried, held] = [results, results].map((all, i) =>
    all.reduce((sum, result) => sum + (i === 0 ? result.tried : result.held), 0),
  );
  say();
  say(`${results.length} kinds, ${tried} attempts, ${held} held`);
  process.exitCode = tried === held ? 0 : 1;
} finally {
  await target.close();
  endEverythingStarted();
  await removeFolders();
}

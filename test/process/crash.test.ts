// A defect that nobody catches ends the server at once, with the exit code a supervisor restarts on, and its text goes out without
// the secrets that it may hold.
import { afterAll, afterEach, expect, test } from 'vitest';
import { homeIn, MAIN } from '../support/server-process.ts';
import { endEverythingStarted, start } from '../support/start-project.ts';
import { removeFolders, temporaryFolder } from '../support/temporary-folder.ts';

afterEach(endEverythingStarted);
afterAll(removeFolders);

const JWT = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIweDEifQ.q8fH2k_Zx91LmNopQrStUv';

/** Runs in the server's process before its own code, as --import does. */
const preload = (event: string) =>
  `data:text/javascript,${encodeURIComponent(`process.on('SIGUSR2', () => { ${event} })`)}`;

async function serverWith(event: string) {
  const home = homeIn(temporaryFolder('crash'));
  const running = start(
    process.execPath,
    ['--import', preload(event), MAIN, 'serve', '--port', '0', '--data', home.data, '--master_key.file', home.key],
    { cwd: home.tmp, env: { TMPDIR: home.tmp } },
  );
  await running.printed(/^listening on/m);
  return running;
}

test.each([
  ['an exception', `throw new TypeError('cannot read ${JWT}')`],
  ['a rejection that nobody awaits', `void Promise.reject(new TypeError('cannot read ${JWT}'))`],
])('%s ends the server with 1, and says what it was without the bearer in it', async (_what, event) => {
  const running = await serverWith(event);
  running.signal('SIGUSR2');
  expect(await running.ended).toEqual({ code: 1, signal: null });
  const [first] = running.stderr().split('\n');
  expect(first).toBe('countersign: ended by a defect: TypeError: cannot read [redacted]');
  expect(running.stderr()).toContain('    at ');
  expect(running.stderr() + running.stdout()).not.toContain('eyJ');
});

test('a crash that follows another is told, too, though nobody waits for it', async () => {
  const running = await serverWith("process.nextTick(() => { throw new Error('second') }); throw new Error('first')");
  running.signal('SIGUSR2');
  expect(await running.ended).toEqual({ code: 1, signal: null });
  expect(running.stderr().match(/^countersign: .*$/gm)).toEqual([
    'countersign: ended by a defect: Error: first',
    'countersign: ended by a defect: Error: second',
  ]);
});

// Standard output that takes nothing: what is told waits within its bound, is dropped and counted beyond it, and nobody who tells is
// ever told of it. On real pipes and devices; what a whole server does then: test/process/telling.test.ts.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createOutput, type Output, type OutputOptions } from '../../../src/telemetry/output.ts';
import { openPipe, type Pipe } from '../../support/pipe.ts';

const LINUX = process.platform === 'linux';

function onPipe(options: OutputOptions = {}): { pipe: Pipe; output: Output; more(): Promise<string> } {
  const pipe = openPipe(mkdtempSync(join(tmpdir(), 'output-')));
  const writer = pipe.openWriter();
  onTestFinished(() => {
    closeSync(writer);
    pipe.leave();
  });
  const output = createOutput(writer, options);
  let text = '';
  /** All that has been read, once it is more than it was. */
  const more = async () => {
    const before = text.length;
    await expect
      .poll(() => {
        text += pipe.read();
        return text.length;
      })
      .toBeGreaterThan(before);
    return text;
  };
  return { pipe, output, more };
}

const noteOf = (lost: number): string => `${lost} lost\n`;
const numbered = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => `line ${from + i} ${'x'.repeat(100)}\n`);

async function until(text: () => Promise<string>, pattern: RegExp): Promise<string> {
  for (;;) {
    const all = await text();
    if (pattern.test(all)) return all;
  }
}

describe.skipIf(!LINUX)('a pipe', () => {
  test('a pipe that is read gets every line of the log whole and in its order', async () => {
    const { output, more } = onPipe();
    const lines = numbered(0, 5_000);
    for (const line of lines) output.write(line);
    expect(await until(more, /line 4999 x+\n$/)).toBe(lines.join(''));
    expect(output.stats()).toEqual({ lost: 0, problem: undefined });
    expect(await output.end()).toBe(true);
  });

  test('a pipe that nobody reads holds nobody up: lines wait, and beyond the bound are lost, counted and told of in their place', async () => {
    const { pipe, output, more } = onPipe({ noteOf, maxBytes: 20_000 });
    pipe.fill();
    const lines = numbered(0, 1_000);
    for (const line of lines) output.write(line);
    await expect.poll(() => output.stats().problem).toBe('nobody reads them (EAGAIN)');
    const { lost } = output.stats();
    expect(lost).toBeGreaterThan(800);
    expect(await output.end()).toBe(true);

    // The reader is back.
    const kept = lines.slice(0, lines.length - lost).join('');
    output.write('too late, there is no room\n');
    expect(await until(more, / lost\n/)).toBe(`${kept}${lost + 1} lost\n`);
    output.write('and on it goes\n');
    expect(await until(more, /goes\n/)).toBe(`${kept}${lost + 1} lost\nand on it goes\n`);
    expect(output.stats()).toEqual({ lost: lost + 1, problem: undefined });
  });

  test('half of the room that waiting lines may have is kept from those that can be done without', async () => {
    const { pipe, output, more } = onPipe({ noteOf, maxBytes: 2_000 });
    pipe.fill();
    expect(output.hasRoom()).toBe(true);
    output.write(`${'x'.repeat(1_000)}\n`);
    expect(output.hasRoom()).toBe(false);
    output.write('others still fit\n');
    expect(output.stats().lost).toBe(0);
    expect(await until(more, /fit\n/)).toContain('others');
    await expect.poll(output.hasRoom).toBe(true);
  });

  test('a slow pipe loses no line of the log while there is room', async () => {
    const { pipe, output, more } = onPipe();
    pipe.fill();
    output.write('patience\n');
    expect(await output.end()).toBe(true);
    expect(output.stats()).toEqual({ lost: 0, problem: undefined });
    expect(await until(more, /patience\n/)).toBe('patience\n');
  });

  test('a pipe whose reader has gone loses the lines of the log: nothing is thrown, all is counted, the last try ends', async () => {
    const { pipe, output } = onPipe({ noteOf, maxBytes: 1_000 });
    pipe.leave();
    for (const line of numbered(0, 100)) output.write(line);
    await expect.poll(() => output.stats().problem).toBe('whoever read them is gone (EPIPE)');
    expect(output.stats().lost).toBeGreaterThan(90);
    expect(await output.end()).toBe(true);
  });
});

test.skipIf(!LINUX)('a full device for the log is told in words, and the last try ends', async () => {
  const full = openSync('/dev/full', 'w');
  onTestFinished(() => closeSync(full));
  const output = createOutput(full, { maxBytes: 1_000 });
  for (const line of numbered(0, 100)) output.write(line);
  await expect.poll(() => output.stats().problem).toBe('the disk is full (ENOSPC)');
  expect(output.stats().lost).toBeGreaterThan(90);
  expect(await output.end()).toBe(true);
});

test('a file for the log is continued where the shell left off', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'output-')), 'log');
  const file = openSync(path, 'a');
  onTestFinished(() => closeSync(file));
  const output = createOutput(file);
  output.write('one\n');
  output.write('two\n');
  expect(await output.end()).toBe(true);
  output.write('three\n');
  expect(await output.end()).toBe(true);
  expect(readFileSync(path, 'utf8')).toBe('one\ntwo\nthree\n');
});

test('a descriptor for the log that is not open throws nowhere', async () => {
  const closed = openSync(tmpdir(), 'r');
  closeSync(closed);
  const output = createOutput(closed);
  output.write('lost\n');
  expect(await output.end()).toBe(true);
  expect(output.stats().problem).toContain('EBADF');
});

test.skipIf(!LINUX)(
  'a socket for the log that nobody reads is waited for by nobody, and the process that has it can exit',
  async () => {
    const code = `
    import { standardOutput } from '${new URL('../../../src/telemetry/output.ts', import.meta.url)}';
    for (let i = 0; i < 20000; i += 1) standardOutput().write('x'.repeat(100) + '\\n');
    process.exit(await standardOutput().end() ? 0 : 1);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'ignore'] });
    child.stdout.on('error', () => undefined);
    onTestFinished(() => void child.kill('SIGKILL'));
    expect(await once(child, 'exit')).toEqual([0, null]);
  },
);

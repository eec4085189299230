// Questions on a terminal: what is typed is edited as people expect, shown or not, and an end of it is an interruption.
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { Interrupted } from '../../../src/owner/stops.ts';
import { createTerminal } from '../../../src/owner/terminal.ts';

function terminal(signal = new AbortController().signal) {
  const input = Object.assign(new PassThrough(), { isTTY: true, modes: [] as boolean[], setRawMode(_: boolean) {} });
  input.setRawMode = (mode) => void input.modes.push(mode);
  const errors = Object.assign(new PassThrough(), { isTTY: true });
  const made = createTerminal(input as unknown as NodeJS.ReadStream, errors as unknown as NodeJS.WriteStream, signal);
  return { input, errors, made, shown: () => String(errors.read() ?? '') };
}

test.each([
  ['abc\r', 'abc'],
  ['abx\u007fc\r', 'abc'],
  ['abx\bc\n', 'abc'],
  ['\u007fa\r', 'a'],
  ['wrong\u0015abc\r', 'abc'],
  ['a\u0001\u001bb\r', 'ab'],
  ['ab\u0004c\r', 'abc'],
  [`${'x'.repeat(9_000)}\r`, 'x'.repeat(8_192)],
])(
  'a hidden answer is edited by backspace and ^U, takes no control character, and has an end: %j',
  async (keys, answer) => {
    const { input, made, shown } = terminal();
    const asked = made.hidden('Key: ');
    input.write(keys);
    expect(await asked).toBe(answer);
    expect(shown()).toBe('Key: \n');
    expect(input.modes).toEqual([true, false]);
  },
);

test.each(['\u0003', '\u0004', 'abc\u0003'])(
  'a hidden question is ended by ^C, and by ^D where nothing was typed: %j',
  async (keys) => {
    const { input, made } = terminal();
    const asked = made.hidden('Key: ');
    input.write(keys);
    await expect(asked).rejects.toThrow(Interrupted);
    expect(input.modes).toEqual([true, false]);
  },
);

test('what was typed ahead answers the next question, and the second character of a line end answers none', async () => {
  const { input, made } = terminal();
  const first = made.hidden('One: ');
  input.write('a\r\nb\rc\n');
  expect(await first).toBe('a');
  expect(await made.hidden('Two: ')).toBe('b');
  expect(await made.line('Three: ')).toBe('c');
});

test('a shown answer is trimmed and has an end, and a terminal that goes away interrupts the question', async () => {
  const { input, made } = terminal();
  const asked = made.line('Sure? ');
  input.write(` ${'y'.repeat(9_000)}\n`);
  expect(await asked).toBe('y'.repeat(8_191));
  const open = made.line('Sure? ');
  input.end();
  await expect(open).rejects.toThrow(Interrupted);
});

test('a signal ends a question, and one that came before asks none', async () => {
  const controller = new AbortController();
  const { made } = terminal(controller.signal);
  const asked = made.line('Sure? ');
  controller.abort(new Interrupted(143));
  await expect(asked).rejects.toMatchObject({ code: 143 });
  await expect(made.hidden('Key: ')).rejects.toMatchObject({ code: 143 });
});

test('without a terminal on both sides there is nobody to ask', () => {
  const signal = new AbortController().signal;
  const [tty, pipe] = [{ isTTY: true }, {}] as const;
  const isThere = (input: object, errors: object) =>
    createTerminal(input as NodeJS.ReadStream, errors as NodeJS.WriteStream, signal).isThere;
  expect([isThere(tty, tty), isThere(tty, pipe), isThere(pipe, tty)]).toEqual([true, false, false]);
});

// Questions on a terminal: asked on stderr, as stdout is for data. A hidden answer is read in raw mode, which is taken back whatever happens.
import { printable } from './printable.ts';
import { Interrupted } from './stops.ts';

export interface Terminal {
  /** Whether there is somebody to ask. */
  readonly isThere: boolean;
  /** Nothing of the answer is shown. Rejects with Interrupted for ^C and ^D. */
  hidden(question: string): Promise<string>;
  /** Rejects with Interrupted when the terminal goes away. */
  line(question: string): Promise<string>;
}

const CTRL_C = '\u0003';
const CTRL_D = '\u0004';
const CTRL_U = '\u0015';
const BACKSPACE = ['\u007f', '\b'];
const ENTER = ['\r', '\n'];
/** A paste that never ends. */
const MOST_CHARACTERS = 8_192;

export function createTerminal(input: NodeJS.ReadStream, errors: NodeJS.WriteStream, signal: AbortSignal): Terminal {
  const isThere = input.isTTY === true && errors.isTTY === true;
  /** What was typed ahead. */
  let ahead: string[] = [];

  /** Resolves when `take` returns an answer for a character. */
  function read(take: (character: string) => string | undefined): Promise<string> {
    return new Promise((resolve, reject) => {
      const finish = (end: () => void) => {
        input.off('data', onData).off('end', onEnd);
        signal.removeEventListener('abort', onAbort);
        input.pause();
        end();
      };
      const look = () => {
        for (let character = ahead.shift(); character !== undefined; character = ahead.shift()) {
          try {
            const answer = take(character);
            if (answer !== undefined) return finish(() => resolve(answer));
          } catch (error) {
            return finish(() => reject(error));
          }
        }
      };
      const onData = (piece: string) => {
        ahead.push(...piece);
        look();
      };
      const onEnd = () => finish(() => reject(new Interrupted()));
      const onAbort = () => finish(() => reject(signal.reason));
      if (signal.aborted) return onAbort();
      input.setEncoding('utf8').on('data', onData).on('end', onEnd);
      signal.addEventListener('abort', onAbort);
      input.resume();
      look();
    });
  }

  return {
    isThere,
    async hidden(question) {
      input.setRawMode(true);
      const restore = () => input.setRawMode(false);
      process.once('exit', restore);
      try {
        errors.write(printable(question));
        let text = '';
        return await read((character) => {
          if (ENTER.includes(character)) return text;
          if (character === CTRL_C || (character === CTRL_D && text === '')) throw new Interrupted();
          if (character === CTRL_U) text = '';
          else if (BACKSPACE.includes(character)) text = text.slice(0, -1);
          else if (character >= ' ' && text.length < MOST_CHARACTERS) text += character;
          return undefined;
        });
      } finally {
        process.off('exit', restore);
        restore();
        errors.write('\n');
        // The line end of a paste may come as two characters.
        if (ahead[0] === '\n') ahead = ahead.slice(1);
      }
    },
    async line(question) {
      errors.write(printable(question));
      let text = '';
      return read((character) => {
        if (character === '\n') return text.trim();
        if (text.length < MOST_CHARACTERS) text += character;
        return undefined;
      });
    },
  };
}

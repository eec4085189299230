// Standard input, for what must appear neither in the shell's history nor in the list of processes.
import { UsageError } from './usage.ts';

/** All of it. Throws UsageError for nothing, and for more than `maxBytes`. */
export async function standardInput(maxBytes: number): Promise<string> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of process.stdin) {
    const bytes = Buffer.from(piece);
    size += bytes.length;
    if (size > maxBytes) throw new UsageError(`standard input holds more than ${maxBytes} bytes`);
    pieces.push(bytes);
  }
  const text = Buffer.concat(pieces).toString('utf8');
  if (text.trim() === '') throw new UsageError('standard input holds nothing');
  return text;
}

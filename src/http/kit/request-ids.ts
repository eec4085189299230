// Request ids, which name a request in answers, logs and audit rows. An id is the request's number, encrypted with a key of this process: the
// marks of orders store the short number, and an id tells nobody how many requests there were.
import { createCipheriv, randomBytes } from 'node:crypto';

export const REQUEST_ID_HEADER = 'Countersign-Request-Id';

export interface RequestIds {
  /** The number of a new request. Each is given once in this process. */
  next(): number;
  /** A version 4 UUID (RFC 9562 section 5.4) of a number from `next`, or of its low 32 bits if it is among the last 2^32. */
  idOf(number: number): string;
}

const ID_BYTES = 16;
/** Ids made at once: a call of the cipher costs more than encrypting one block. */
const BLOCK = 128;
const NUMBERS_IN_MARK = 2 ** 32;

/** `start`: the first number. */
export function createRequestIds(start = 0): RequestIds {
  // AES of a counter is a random number generator (NIST SP 800-90A section 10.2.1): an id cannot be told from a random one.
  const cipher = createCipheriv('aes-128-ecb', randomBytes(16), null).setAutoPadding(false);
  const numbers = Buffer.alloc(ID_BYTES * BLOCK);
  const bytes = Buffer.alloc(ID_BYTES * BLOCK);
  let last = start - 1;
  /** The number of the first id in `bytes`. */
  let first = -BLOCK;

  function make(from: number): void {
    for (let i = 0; i < BLOCK; i += 1) {
      numbers.writeUInt32BE(Math.floor((from + i) / NUMBERS_IN_MARK), i * ID_BYTES);
      numbers.writeUInt32BE((from + i) % NUMBERS_IN_MARK, i * ID_BYTES + 4);
    }
    // Copied into the kept buffer, so that nothing allocated here grows old.
    bytes.set(cipher.update(numbers));
    first = from;
  }

  return {
    next() {
      last += 1;
      return last;
    },
    idOf(number) {
      const low = number % NUMBERS_IN_MARK;
      const whole = low + Math.floor((last - low) / NUMBERS_IN_MARK) * NUMBERS_IN_MARK;
      if (whole < first || whole >= first + BLOCK) make(whole);
      return uuidAt(bytes, (whole - first) * ID_BYTES);
    },
  };
}

function uuidAt(bytes: Buffer, at: number): string {
  bytes[at + 6] = ((bytes[at + 6] ?? 0) & 0x0f) | 0x40;
  bytes[at + 8] = ((bytes[at + 8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex', at, at + ID_BYTES);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

// Bytes that arrive piecemeal, copied into blocks and counted: a client that sends a byte at a time costs no more memory than another,
// and a small piece does not keep alive what was read with it.

/** What may be kept, as those who share it have agreed. */
export interface Room {
  /** False: there is none for so many bytes more. */
  take(bytes: number): boolean;
  give(bytes: number): void;
}

export interface Blocks {
  /** Keeps the bytes in any case. False when there was no room for them: nothing more should come. */
  add(chunk: Buffer): boolean;
  /** The oldest bytes, which are no longer kept but counted until `written`. Undefined when there are none. */
  shift(): Block | undefined;
  /** All of them in one, which is kept in their place and counted as they were. */
  join(): Buffer;
  /** Keeps and counts nothing any more. */
  clear(): void;
  /** Bytes that are kept. */
  size(): number;
}

export interface Block {
  readonly bytes: Buffer;
  /** Gives back its room. */
  written(): void;
}

interface Kept {
  readonly buffer: Buffer;
  used: number;
  readonly counted: number;
}

const SMALLEST_BLOCK = 1024;
const LARGEST_BLOCK = 64 * 1024;

export function createBlocks(room: Room): Blocks {
  let kept: Kept[] = [];
  let size = 0;

  /** As large as all before it, so that there are few of them and at most half of the memory is spare. */
  function open(needed: number): Kept {
    const bytes = Math.min(LARGEST_BLOCK, Math.max(SMALLEST_BLOCK, needed, size));
    // Not of the pool, which others would keep alive, or be kept alive by.
    const block = { buffer: Buffer.allocUnsafeSlow(bytes), used: 0, counted: room.take(bytes) ? bytes : 0 };
    kept.push(block);
    return block;
  }

  return {
    add(chunk) {
      let fits = true;
      for (let from = 0; from < chunk.length; ) {
        const last = kept.at(-1);
        const isFull = last === undefined || last.used === last.buffer.length;
        const block = isFull ? open(chunk.length - from) : last;
        if (block.counted === 0) fits = false;
        const copied = chunk.copy(block.buffer, block.used, from);
        block.used += copied;
        size += copied;
        from += copied;
      }
      return fits;
    },
    shift() {
      const block = kept.shift();
      if (block === undefined) return undefined;
      size -= block.used;
      return { bytes: block.buffer.subarray(0, block.used), written: () => room.give(block.counted) };
    },
    join() {
      const [first] = kept;
      if (kept.length < 2) return first?.buffer.subarray(0, first.used) ?? Buffer.alloc(0);
      const joined = { buffer: Buffer.allocUnsafeSlow(size), used: 0, counted: 0 };
      for (const { buffer, used, counted } of kept) {
        joined.used += buffer.copy(joined.buffer, joined.used, 0, used);
        joined.counted += counted;
      }
      // The blocks are let go of: else what is counted once would be held twice.
      kept = [joined];
      return joined.buffer;
    },
    clear() {
      for (const { counted } of kept) room.give(counted);
      kept = [];
      size = 0;
    },
    // No accessor: V8 makes a shape of its own for each object that is written with one, in old memory, and whatever the accessor
    // reaches lives as long as that.
    size: () => size,
  };
}

// Copies arriving bytes into counted blocks: a client that sends one byte at a time costs no more memory than another, and a small piece
// does not keep the large buffer alive that it was read in.

/** A share of memory that others use too. */
export interface Room {
  /** False: there is no room for so many bytes. */
  take(bytes: number): boolean;
  give(bytes: number): void;
}

export interface Blocks {
  /** Keeps the bytes in any case. False: there was no room, stop the sender. */
  add(chunk: Buffer): boolean;
  /** Removes the oldest block; its room is counted until `written`. Undefined when empty. */
  shift(): Block | undefined;
  /** All bytes in one block, which replaces the others; the counted room stays the same. */
  join(): Buffer;
  /** Drops all bytes and gives back their room. */
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

  /** As large as all blocks before it: few blocks, and at most half of the memory is unused. */
  function open(needed: number): Kept {
    const bytes = Math.min(LARGEST_BLOCK, Math.max(SMALLEST_BLOCK, needed, size));
    // Not from Node's pool: other slices of it would keep this memory alive, and this one theirs.
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
      // Drop the old blocks: otherwise the bytes are held twice and counted once.
      kept = [joined];
      return joined.buffer;
    },
    clear() {
      for (const { counted } of kept) room.give(counted);
      kept = [];
      size = 0;
    },
    // A method, not an accessor: V8 gives each object literal with an accessor a shape of its own in old memory, and whatever the accessor
    // reaches lives as long as that shape.
    size: () => size,
  };
}

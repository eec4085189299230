import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createBlocks, type Room } from '../../../src/gateway/byte-blocks.ts';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');
/** Bytes of all Buffers that something still holds. */
function held(): number {
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

/** So many bytes, and how many of them are taken. */
function roomOf(total: number): Room & { readonly taken: number } {
  let taken = 0;
  return {
    take(bytes) {
      if (taken + bytes > total) return false;
      taken += bytes;
      return true;
    },
    give(bytes) {
      taken -= bytes;
    },
    get taken() {
      return taken;
    },
  };
}

test('buffered bytes come back as they came, in one or block by block, and all room is given back', () => {
  const chunks = fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 60 });
  fc.assert(
    fc.property(chunks, fc.integer({ min: 0, max: 200_000 }), fc.boolean(), (pieces, total, whole) => {
      const room = roomOf(total);
      const blocks = createBlocks(room);
      for (const piece of pieces) blocks.add(Buffer.from(piece));
      const all = Buffer.concat(pieces);
      expect(blocks.size()).toBe(all.length);
      const counted = room.taken;
      if (whole) {
        expect(blocks.join().equals(all)).toBe(true);
        expect([blocks.size(), room.taken]).toEqual([all.length, counted]);
        expect(blocks.join().equals(all)).toBe(true);
        blocks.add(Buffer.from('more'));
        expect(blocks.join().toString('latin1')).toBe(`${all.toString('latin1')}more`);
      } else {
        const parts: Buffer[] = [];
        for (let block = blocks.shift(); block !== undefined; block = blocks.shift()) {
          parts.push(block.bytes);
          block.written();
        }
        expect(Buffer.concat(parts).equals(all)).toBe(true);
      }
      blocks.clear();
      expect([blocks.size(), room.taken]).toEqual([0, 0]);
    }),
  );
});

test('bytes that come one at a time take no more room than twice what they are, and no more blocks than large pieces', () => {
  const room = roomOf(Number.POSITIVE_INFINITY);
  const blocks = createBlocks(room);
  const byte = Buffer.from('x');
  for (let n = 0; n < 500_000; n += 1) blocks.add(byte);
  expect(room.taken).toBeLessThan(2 * 500_000);
  let count = 0;
  for (let block = blocks.shift(); block !== undefined; block = blocks.shift()) count += 1;
  expect(count).toBeLessThan(20);
});

test('buffered bytes that are joined are held once, as they are counted', async () => {
  const MIB = 1024 * 1024;
  const room = roomOf(Number.POSITIVE_INFINITY);
  const before = held();
  const piece = Buffer.alloc(10_000, 'x');
  const bodies = Array.from({ length: 16 }, () => {
    const blocks = createBlocks(room);
    while (blocks.size() < MIB) blocks.add(piece);
    return { blocks, joined: blocks.join() };
  });
  // V8 frees what it has collected a little later.
  await expect.poll(() => held() - before).toBeLessThan(room.taken + MIB);
  for (const { blocks, joined } of bodies) expect(joined.length).toBe(blocks.size());
});

test('bytes for which there is no room are kept and told, and counted for nothing', () => {
  const room = roomOf(1024);
  const blocks = createBlocks(room);
  expect(blocks.add(Buffer.alloc(1024, 'a'))).toBe(true);
  expect(blocks.add(Buffer.alloc(1, 'b'))).toBe(false);
  expect([blocks.size(), room.taken]).toEqual([1025, 1024]);
  blocks.clear();
  expect(room.taken).toBe(0);
});

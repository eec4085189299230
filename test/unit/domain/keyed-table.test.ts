import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createKeyedTable, type Keyed } from '../../../src/domain/keyed-table.ts';

interface Entry extends Keyed<Entry> {
  readonly n: number;
}

test('a keyed table does what a Map does, whatever comes and goes', () => {
  const steps = fc.array(fc.record({ key: fc.oneof(fc.nat(60).map(String), fc.string()), add: fc.boolean() }), {
    maxLength: 300,
  });
  fc.assert(
    fc.property(steps, (script) => {
      const table = createKeyedTable<Entry>();
      const model = new Map<string, Entry>();
      for (const [n, { key, add }] of script.entries()) {
        const known = model.get(key);
        expect(table.get(key)).toBe(known);
        if (add && known === undefined) {
          const entry: Entry = { key, n, next: undefined };
          table.add(entry);
          model.set(key, entry);
        } else if (!add && known !== undefined) {
          table.remove(known);
          model.delete(key);
          // What has left holds nothing that is still there.
          expect(known.next).toBeUndefined();
        }
        expect(table.size).toBe(model.size);
      }
      for (const [key, entry] of model) expect(table.get(key)).toBe(entry);
    }),
  );
});

test('a keyed table finds each of many thousands of entries', () => {
  const table = createKeyedTable<Entry>();
  const keyOf = (n: number): string => `2001:db8:${n.toString(16)}::/64`;
  for (let n = 0; n < 20_000; n += 1) table.add({ key: keyOf(n), n, next: undefined });
  expect(Array.from({ length: 20_000 }, (_, n) => table.get(keyOf(n))?.n)).toEqual(
    Array.from({ length: 20_000 }, (_, n) => n),
  );
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { append, createChain, createLink, type Link, moveToEnd, ownersOf, unlink } from '../../../src/domain/chain.ts';

test('a linked chain agrees with a list, whatever joins, leaves and goes to the end', () => {
  const command = fc.record({ act: fc.constantFrom('append', 'unlink', 'move'), at: fc.nat(8) });
  fc.assert(
    fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
      const chain = createChain<number>();
      let list: Link<number>[] = [];
      for (const [n, { act, at }] of commands.entries()) {
        const link = list[at];
        if (act === 'append') {
          const added = createLink(n);
          append(chain, added);
          list.push(added);
        } else if (link !== undefined) {
          list = list.filter((other) => other !== link);
          if (act === 'unlink') unlink(chain, link);
          else {
            moveToEnd(chain, link);
            list.push(link);
          }
        }
        expect(ownersOf(chain)).toEqual(list.map(({ owner }) => owner));
        expect([chain.first, chain.last]).toEqual([list[0], list.at(-1)]);
      }
    }),
  );
});

// The types that the client library gives its users are written by hand; here each is held to the schema that the server answers by: a member
// more, less or of another type is an error of the compiler.
import type { Static, TSchema } from 'typebox';
import { expect, test } from 'vitest';
import type { Self } from '../../../src/client/shapes.ts';
import type { SelfWire } from '../../../src/http/routes/self.ts';

type Held<Shape, Schema extends TSchema> = [Shape] extends [Static<Schema>]
  ? [Static<Schema>] extends [Shape]
    ? keyof Shape extends keyof Static<Schema>
      ? true
      : 'a member that is not on the wire'
    : 'the wire has another'
  : 'the shape has another';

const held: {
  readonly Self: Held<Self, typeof SelfWire>;
} = { Self: true };

test('each shape of the client library is what the server answers, as the compiler has checked', () => {
  expect(Object.values(held)).not.toContain(false);
});

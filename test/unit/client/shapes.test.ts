// The types that the client library gives its users are written by hand; here each is held to the schema that the server answers by: a member
// more, less or of another type is an error of the compiler.
import type { Static, TSchema } from 'typebox';
import { expect, test } from 'vitest';
import type {
  About,
  AccountOfSigner,
  ActivityRow,
  ApiToken,
  CreatedToken,
  Device,
  Explanation,
  RevokedAll,
  RotatedToken,
  Self,
  SignedOut,
  Subkey,
  UsageDay,
  UsedAddress,
} from '../../../src/client/shapes.ts';
import type { RevokedAllWire, SignedOutWire } from '../../../src/http/routes/emergency.ts';
import type { LookUpWire } from '../../../src/http/routes/onboarding.ts';
import type { SelfWire } from '../../../src/http/routes/self.ts';
import type { AboutWire } from '../../../src/wire/about.ts';
import type { ActivityWire, ExplanationWire } from '../../../src/wire/activity.ts';
import type { DeviceWire } from '../../../src/wire/devices.ts';
import type { SubkeyWire } from '../../../src/wire/subkeys.ts';
import type { ApiTokenWire, CreatedTokenWire, RotatedTokenWire } from '../../../src/wire/tokens.ts';
import type { AddressListWire, UsageListWire } from '../../../src/wire/usage.ts';

type Both<Shape, Wire> = [Shape] extends [Wire]
  ? [Wire] extends [Shape]
    ? keyof Shape extends keyof Wire
      ? true
      : 'a member that is not on the wire'
    : 'the wire has another'
  : 'the shape has another';
type Held<Shape, Schema extends TSchema> = Both<Shape, Static<Schema>>;
type HeldRow<Row, List extends TSchema> =
  Static<List> extends { results: (infer Wire)[] } ? Both<Row, Wire> : 'no list';

const held: {
  readonly About: Held<About, typeof AboutWire>;
  readonly AccountOfSigner: Held<AccountOfSigner, typeof LookUpWire>;
  readonly ActivityRow: HeldRow<ActivityRow, typeof ActivityWire>;
  readonly ApiToken: Held<ApiToken, typeof ApiTokenWire>;
  readonly CreatedToken: Held<CreatedToken, typeof CreatedTokenWire>;
  readonly Device: Held<Device, typeof DeviceWire>;
  readonly Explanation: Held<Explanation, typeof ExplanationWire>;
  readonly RevokedAll: Held<RevokedAll, typeof RevokedAllWire>;
  readonly RotatedToken: Held<RotatedToken, typeof RotatedTokenWire>;
  readonly Self: Held<Self, typeof SelfWire>;
  readonly SignedOut: Held<SignedOut, typeof SignedOutWire>;
  readonly Subkey: Held<Subkey, typeof SubkeyWire>;
  readonly UsageDay: HeldRow<UsageDay, typeof UsageListWire>;
  readonly UsedAddress: HeldRow<UsedAddress, typeof AddressListWire>;
} = {
  About: true,
  AccountOfSigner: true,
  ActivityRow: true,
  ApiToken: true,
  CreatedToken: true,
  Device: true,
  Explanation: true,
  RevokedAll: true,
  RotatedToken: true,
  Self: true,
  SignedOut: true,
  Subkey: true,
  UsageDay: true,
  UsedAddress: true,
};

test('each shape of the client library is what the server answers, as the compiler has checked', () => {
  expect(Object.values(held)).not.toContain(false);
});

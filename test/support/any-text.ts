// Any string JavaScript can hold, lone surrogates and control characters included, half of it near ASCII.
import fc from 'fast-check';

export function anyText(maxLength: number): fc.Arbitrary<string> {
  const unit = fc.oneof(fc.nat({ max: 0x7f }), fc.nat({ max: 0xffff }));
  return fc.array(unit, { maxLength }).map((units) => String.fromCharCode(...units));
}

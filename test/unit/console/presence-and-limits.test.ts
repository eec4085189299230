// Who is there, and how long a device lives.
import { describe, expect, test } from 'vitest';
import { limitAt } from '../../../console/app/session/limits.ts';
import { createPresence } from '../../../console/app/session/presence.ts';

const settled = async (promise: Promise<void>): Promise<boolean> => {
  let is = false;
  void promise.then(() => {
    is = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  return is;
};

describe('a session may begin', () => {
  test('when the page was loaded, and then only after a person did something since the last', async () => {
    const presence = createPresence();
    expect(await settled(presence.permitted())).toBe(true);
    presence.began();
    const next = presence.permitted();
    expect([await settled(next), presence.isResting]).toEqual([false, true]);
    presence.moved();
    expect([await settled(next), presence.isResting]).toEqual([true, false]);
    presence.began();
    expect(await settled(presence.permitted())).toBe(false);
  });

  test('by itself while a secret is shown, and no longer, however often the hold is ended', async () => {
    const presence = createPresence();
    presence.began();
    const waiting = presence.permitted();
    const [end, endOther] = [presence.hold(), presence.hold()];
    expect(await settled(waiting)).toBe(true);
    end();
    end();
    expect([presence.isHeld, await settled(presence.permitted())]).toEqual([true, true]);
    endOther();
    expect([presence.isHeld, await settled(presence.permitted())]).toEqual([false, false]);
  });
});

describe('the limits of a device', () => {
  const device = { usedAt: 1_000_000, idleSeconds: 900, endsAt: 1_000_000 + 8 * 3_600_000 };
  const at = (ms: number, isHeld = false) => limitAt(device.usedAt + ms, device, isHeld);

  test('a minute before it is idle it is said, in steps of ten seconds', () => {
    expect(at(839_000)).toEqual({ is: 'fine' });
    expect(at(840_000)).toEqual({ is: 'idle-soon', seconds: 60 });
    expect(at(849_999)).toEqual({ is: 'idle-soon', seconds: 60 });
    expect(at(850_000)).toEqual({ is: 'idle-soon', seconds: 50 });
    expect(at(899_999)).toEqual({ is: 'idle-soon', seconds: 10 });
    expect(at(900_000)).toEqual({ is: 'idle' });
  });

  test('while a secret is shown nobody is idle, but the device still ends', () => {
    expect(at(900_000, true)).toEqual({ is: 'fine' });
    expect(at(8 * 3_600_000, true)).toEqual({ is: 'expired' });
  });

  test('ten minutes before it ends it is said', () => {
    const used = { ...device, usedAt: device.endsAt - 600_000 };
    expect(limitAt(device.endsAt - 600_001, used, false)).toEqual({ is: 'fine' });
    expect(limitAt(device.endsAt - 600_000, used, false)).toEqual({ is: 'ends-soon', at: device.endsAt });
    expect(limitAt(device.endsAt, used, false)).toEqual({ is: 'expired' });
  });
});

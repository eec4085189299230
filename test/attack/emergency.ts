// Who has a session, and who has less: emergency routes that change nothing, keys of others, and what is asked again and again.
import { createStarkKey, randomStarkPrivateKey } from '../../src/client/stark-key.ts';
import { call } from '../support/trader.ts';
import type { Owner } from './owner.ts';
import type { Tally } from './tally.ts';
import type { Target } from './target.ts';

const NOTHING = 200;

/** A flood that changes nothing is refused soon, and what changes something is done all the same. */
export async function attackEmergency({ url }: Target, owner: Owner, tally: Tally): Promise<void> {
  const statuses = new Map<number, number>();
  for (let n = 0; n < NOTHING; n += 1) {
    const { status } = await call(url, 'POST', '/countersign/v1/revoke-all', {
      bearer: owner.session,
      body: { kinds: [] },
    });
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }
  const refused = statuses.get(429) ?? 0;
  tally.tried(refused > NOTHING / 2, () => `only ${refused} of ${NOTHING} calls that change nothing were limited`);
  const real = await call(url, 'POST', '/countersign/v1/revoke-all', { bearer: owner.session, body: {} });
  tally.tried(real.status === 200, () => `revoke-all after the flood: ${real.status} ${real.text}`);
  const after = await call(url, 'GET', '/countersign/v1/self', { bearer: owner.session });
  tally.tried(after.status === 401, () => `the session after revoke-all: ${after.status}`);
}

const ROUNDS = 20;

/** An order that a subkey signs under the owner's session is bound to that subkey's addresses. */
export async function attackForeignSigners({ url }: Target, owner: Owner, tally: Tally): Promise<void> {
  const elsewhere = await owner.registerSubkey(['203.0.113.7/32']);
  const here = await owner.registerSubkey();
  const unknown = createStarkKey(randomStarkPrivateKey());
  const place = (key: typeof here) =>
    call(url, 'POST', '/v1/orders', { bearer: owner.session, body: owner.order(key) });
  const fine = await place(here);
  tally.tried(fine.status < 300, () => `an order signed by a subkey: ${fine.status} ${fine.text}`);
  for (let n = 0; n < ROUNDS; n += 1) {
    const [fromElsewhere, fromNobody] = [await place(elsewhere), await place(unknown)];
    tally.tried(
      fromElsewhere.json?.error === 'IP_NOT_ALLOWED',
      () => `signed by a subkey bound elsewhere: ${fromElsewhere.text}`,
    );
    tally.tried(fromNobody.json?.error === 'INVALID_ORDER_SIGNATURE', () => `signed by nobody: ${fromNobody.text}`);
  }
}

/** Revoked in the middle of its work: after the answer to the revocation not one request gets through. */
export async function attackEndings({ url }: Target, owner: Owner, tally: Tally): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const subkey = await owner.registerSubkey();
    const session = String((await owner.logIn(subkey)).json.jwt_token);
    let over = false;
    let late = 0;
    let sent = 0;
    const work = async (): Promise<void> => {
      while (!over || sent < 8) {
        sent += 1;
        const wasOver = over;
        const { status } = await call(url, 'GET', '/v1/balance', { bearer: session });
        if (wasOver && status < 400) late += 1;
      }
    };
    const workers = [work(), work(), work(), work()];
    const ended = await call(url, 'DELETE', `/v1/account/keys/subkeys/${subkey.publicKey}`, { bearer: owner.session });
    over = true;
    sent = 0;
    await Promise.all(workers);
    tally.tried(ended.status < 300 && late === 0, () => `revocation ${ended.status}, ${late} late successes`);
  }
}

/** With login.single_use: who signs the owner's next message first keeps him from nothing. */
export async function attackSingleUse(owner: Owner, tally: Tally): Promise<void> {
  const stolen = await owner.registerSubkey();
  for (let n = 0; n < ROUNDS; n += 1) {
    const window = owner.newWindow(700 + n);
    const [first, main, again] = [
      await owner.logIn(stolen, window),
      await owner.logIn(owner.key, window),
      await owner.logIn(owner.key, window),
    ];
    tally.tried(
      first.status === 200 && main.status === 200,
      () => `the owner's own login: ${main.status} ${main.text}`,
    );
    tally.tried(again.status === 401, () => `the same login for the second time: ${again.status}`);
  }
}

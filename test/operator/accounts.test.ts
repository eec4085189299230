// Accounts as the operator reads them, in the API and in the command: every credential with the state that it is in now.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { operate, run } from '../support/operator.ts';
import { call, createToken } from '../support/trader.ts';
import {
  addSubkey,
  expectRefusal,
  newOwner,
  type Owner,
  SUBKEYS,
  startWorld,
  TOKENS,
  type World,
} from '../support/world.ts';

let world: World;
let owner: Owner;
beforeAll(async () => {
  world = await startWorld();
  owner = await newOwner(world);
});
afterAll(() => world.stop());

test('a subkey and a token are live until the second they expire, and revoked afterwards once they are', async () => {
  const subkey = await addSubkey(world, owner, { expires_in: 60 });
  const token = await createToken(world.url, owner.session, { expiry_duration: 60 });
  const states = async () => {
    const { json } = await operate(world.service, 'GET', `/accounts/${owner.account}`);
    const { code, out } = await run('accounts', world.service.folder, 'show', owner.account);
    expect(code).toBe(0);
    const inTable = (kind: string, id: string) =>
      new RegExp(`^${kind} +${id} +.*? (\\w+) +20\\S+ +(?:20\\S+|-)$`, 'm').exec(out)?.[1];
    expect(json.subkeys[0].state).toBe(inTable('subkey', subkey.publicKey));
    expect(json.tokens[0].state).toBe(inTable('token', token.lookupId));
    return [json.subkeys[0].state, json.tokens[0].state];
  };
  world.clock.advance(59);
  expect(await states()).toEqual(['active', 'issued']);
  world.clock.advance(1);
  expect(await states()).toEqual(['expired', 'expired']);
  for (const path of [`${SUBKEYS}/${subkey.publicKey}`, `${TOKENS}/${token.lookupId}`]) {
    expect((await call(world.url, 'DELETE', path, { bearer: owner.session })).status).toBe(200);
  }
  expect(await states()).toEqual(['revoked', 'revoked']);
});

test('the list goes on from a cursor of its own alone', async () => {
  for (const cursor of ['zzz', '1', '0x', `0X${owner.account.slice(2)}`]) {
    const answer = await operate(world.service, 'GET', `/accounts?cursor=${cursor}`);
    expect(expectRefusal(answer, 400, 'INVALID_REQUEST_PARAMETER')).toContain('cursor');
    const { code, out, err } = await run('accounts', world.service.folder, 'list', `--cursor=${cursor}`);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain('cursor');
  }
  const beyond = await operate(world.service, 'GET', `/accounts?cursor=0x${'f'.repeat(63)}`);
  expect([beyond.status, beyond.json]).toEqual([200, { results: [], next: null }]);
});

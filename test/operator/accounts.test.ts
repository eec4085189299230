// Accounts as the operator reads them, in the API and in the command: every credential with the state that it is in now.
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { accounts } from '../../src/cli/commands/accounts.ts';
import { addSubkey, newOwner, type Owner, SUBKEYS, startWorld, TOKENS, type World } from '../http/world.ts';
import { call, createToken } from '../support/trader.ts';
import { operate } from './operator.ts';

let world: World;
let owner: Owner;
beforeAll(async () => {
  world = await startWorld();
  owner = await newOwner(world);
});
afterAll(() => world.stop());

/** What the command prints for the data of the service. */
async function print(...argv: string[]): Promise<string> {
  const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  onTestFinished(() => written.mockRestore());
  const { folder } = world.service;
  expect(
    await accounts([...argv, `--data=${join(folder, 'data')}`, `--master_key.file=${join(folder, 'master.key')}`]),
  ).toBe(0);
  const text = written.mock.calls.map(([piece]) => piece).join('');
  written.mockRestore();
  return text;
}

test('a subkey and a token are live until the second they expire, and revoked afterwards once they are', async () => {
  const subkey = await addSubkey(world, owner, { expires_in: 60 });
  const token = await createToken(world.url, owner.session, { expiry_duration: 60 });
  const states = async () => {
    const { json } = await operate(world.service, 'GET', `/accounts/${owner.account}`);
    const shown = await print('show', owner.account);
    const inTable = (kind: string, id: string) =>
      new RegExp(`^${kind} +${id} +.*? (\\w+) +20\\S+$`, 'm').exec(shown)?.[1];
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

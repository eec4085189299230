// countersign accounts: the accounts, the credentials of one, and its lock.
import { listOf, type Members, membersOf, textOf } from '../answer.ts';
import { withOperator } from '../operator-client.ts';
import { shownTime, table } from '../output.ts';
import type { Typed } from '../program.ts';
import { wrongArgument } from '../usage.ts';

const ACCOUNTS = '/operator/v1/accounts';

export async function accounts({ verb, argument, json, options, settings }: Typed): Promise<number> {
  return withOperator('accounts', () => {
    const path = pathOf(verb, argument, options);
    return {
      settings,
      async work({ ask }) {
        const answer = await ask(verb === 'lock' || verb === 'unlock' ? 'POST' : 'GET', path);
        if (json) process.stdout.write(`${answer}\n`);
        else process.stdout.write(verb === 'list' ? shownList(membersOf(answer)) : shownOne(membersOf(answer)));
      },
    };
  });
}

function pathOf(verb: string, account: string | undefined, options: ReadonlyMap<string, string>): string {
  if (account === undefined) {
    const query = new URLSearchParams([...options]).toString();
    return query === '' ? ACCOUNTS : `${ACCOUNTS}?${query}`;
  }
  if (!/^0[xX][0-9a-fA-F]{1,64}$/.test(account))
    throw wrongArgument(`accounts ${verb}`, '<account>', account, '0x and 1 to 64 hex digits');
  return verb === 'show' ? `${ACCOUNTS}/${account}` : `${ACCOUNTS}/${account}/${verb}`;
}

function shownList(answer: Members): string {
  const rows = listOf(answer, 'results').map((account) => [
    textOf(account, 'account'),
    textOf(account, 'signer_type'),
    account.locked === true ? 'locked' : 'open',
    shownTime(account.created_at),
  ]);
  const next = textOf(answer, 'next');
  return `${table([['ACCOUNT', 'SIGNER', 'STATE', 'CREATED'], ...rows])}${next === '' ? '' : `more: --cursor=${next}\n`}`;
}

function shownOne(account: Members): string {
  const receipt = account.receipt === undefined ? [] : [['receipt', JSON.stringify(account.receipt)]];
  const facts = table([
    ['account', textOf(account, 'account')],
    ['signer', `${textOf(account, 'signer_type')} ${textOf(account, 'signer')}`],
    ['state', account.locked === true ? `locked since ${shownTime(account.locked_at)}` : 'open'],
    ['signed out', shownTime(account.valid_after)],
    ['created', shownTime(account.created_at)],
    ...receipt,
  ]);
  const subkeys = listOf(account, 'subkeys').map((subkey) => [
    'subkey',
    textOf(subkey, 'public_key'),
    textOf(subkey, 'name'),
    textOf(subkey, 'state'),
    shownTime(subkey.expires_at),
    shownTime(subkey.last_used_at),
  ]);
  const tokens = listOf(account, 'tokens').map((token) => [
    'token',
    textOf(token, 'lookup_id'),
    textOf(token, 'name'),
    textOf(token, 'state'),
    shownTime(token.expiry_at),
    shownTime(token.last_used_at),
  ]);
  const devices = listOf(account, 'devices').map((device) => [
    'device',
    textOf(device, 'id'),
    textOf(device, 'name'),
    textOf(device, 'state'),
    shownTime(device.expires_at),
    shownTime(device.last_used_at),
  ]);
  const credentials = [...subkeys, ...tokens, ...devices];
  const more = account.more === true ? 'more of them exist than are shown\n' : '';
  if (credentials.length === 0) return facts;
  return `${facts}\n${table([['KIND', 'ID', 'NAME', 'STATE', 'EXPIRES', 'LAST USED'], ...credentials])}${more}`;
}

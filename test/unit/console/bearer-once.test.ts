// A session of the main key or the wallet is on one request.
import { expect, test } from 'vitest';
import { bearerOnce } from '../../../console/app/owner/bearer-once.ts';

test('a bearer of the main key leaves on one request; another one, and what has none, is sent', async () => {
  const sent: unknown[] = [];
  const send = bearerOnce(async (input) => {
    sent.push(input);
    return new Response();
  });
  const with_ = (bearer: string) => ({ headers: { Authorization: `Bearer ${bearer}` } });
  await send('1', with_('a'));
  await send('2');
  await send('3');
  await send('4', with_('b'));
  await expect(send('5', with_('a'))).rejects.toThrow('a main session is for one request');
  await expect(send('6', { headers: { authorization: 'Bearer b' } })).rejects.toThrow(TypeError);
  expect(sent).toEqual(['1', '2', '3', '4']);
});

// A session of the main key or the wallet is on one request.
import { expect, test } from 'vitest';
import { bearerOnce, eachOnce } from '../../../console/app/owner/bearer-once.ts';
import { bearer, createClient } from '../../../src/client/main.ts';

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

test.each([
  [429, 'RATE_LIMITED'],
  [503, 'SERVICE_UNAVAILABLE'],
])('a %i is told the person at the main key as it is, and not as an answer that got lost', async (status, code) => {
  let sent = 0;
  const once = eachOnce(async () => {
    sent += 1;
    return Response.json({ error: code, message: 'x', data: null }, { status });
  });
  const client = createClient({ url: 'http://127.0.0.1:1', auth: bearer('a'), ...once });
  await expect(client.tokens.restrict('1', ['127.0.0.1'])).rejects.toMatchObject({ status, code });
  expect(sent).toBe(1);
});

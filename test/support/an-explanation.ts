import type { Explanation } from '../../src/client/main.ts';

/** Why one request was refused, as the server tells it, of which a test says what matters to it. */
export const anExplanation = (more: Partial<Explanation> = {}): Explanation => ({
  request_id: '6c1d8b0e-5b3e-4f07-9c1b-0e7a4d2f9a10',
  at: 1_795_874_571_123_456_789n,
  credential: { kind: 'subkey', id: '42', name: 'market maker 1' },
  route: 'POST /v1/orders',
  method: 'POST',
  reason: 'ip_not_allowed',
  code: 'IP_NOT_ALLOWED',
  status: 403,
  message: 'the words of the server',
  client_ip: '198.51.100.4',
  hops: [],
  permission_needed: null,
  permissions_held: null,
  allowed_cidrs: null,
  limit: null,
  signed_at: null,
  server_time: null,
  expired_seconds: null,
  order_index: null,
  others_in_minute: 0,
  ...more,
});

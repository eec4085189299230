// The server as whoever signs needs it: its configuration, asked once, and its clock.
import { scureCurve } from '../starknet/curve.ts';
import { createMessageHasher } from '../starknet/message.ts';
import { askedOnce } from './asked-once.ts';
import type { Answer, Call, Server, SystemConfig } from './call.ts';
import { CountersignError, isCode } from './errors.ts';
import type { ServerClock } from './server-clock.ts';

/** Of every server of this wire. */
const DOMAIN_NAME = 'Paradex';
export function createServer(origin: string, call: Call, clock: ServerClock): Server {
  const config = askedOnce(async () => {
    const answer = await server.call({ method: 'GET', path: '/v1/system/config' });
    return configOf(answer.body) ?? notCountersign(answer);
  });
  const server: Server = {
    origin,
    call: (request) => call({ bearer: 'none', ...request }),
    config,
    hasher: askedOnce(async () => {
      const { starknet_chain_id: chainId } = await config();
      return createMessageHasher(scureCurve, { domainName: DOMAIN_NAME, chainId });
    }),
    signingTime: () => clock.signingTime(),
    async signedAt(act) {
      try {
        return await act(await clock.signingTime());
      } catch (error) {
        if (!isCode(error, 'INVALID_TIMESTAMP') && !isCode(error, 'INVALID_BLOCK_EXPIRATION')) throw error;
        // Not the clock: the account has signed out, and takes no signature until then.
        if ('wait_seconds' in members(error.data)) throw error;
        clock.forget();
        return await act(await clock.signingTime());
      }
    },
  };
  return server;
}

/** Another program than a Countersign answers under this address. */
function notCountersign({ status, requestId }: Answer): never {
  throw new CountersignError({
    status,
    code: 'NOT_COUNTERSIGN',
    message: 'the server does not answer as a Countersign does: is its address right?',
    data: null,
    requestId,
    retryAfterSeconds: undefined,
  });
}

const members = (body: unknown): Record<string, unknown> =>
  typeof body === 'object' && body !== null ? { ...body } : {};

function configOf(body: unknown): SystemConfig | undefined {
  const found = members(body);
  const text = (name: keyof SystemConfig): string => {
    const value = found[name];
    return typeof value === 'string' ? value : '';
  };
  const config = {
    starknet_chain_id: text('starknet_chain_id'),
    l1_chain_id: text('l1_chain_id'),
    paraclear_account_hash: text('paraclear_account_hash'),
    paraclear_account_proxy_hash: text('paraclear_account_proxy_hash'),
    paraclear_evm_account_hash: text('paraclear_evm_account_hash'),
  };
  return Object.values(config).includes('') ? undefined : config;
}

/** GET /v1/system/time in Unix milliseconds. Rejects as Call does, and with CountersignError for another answer. */
export async function askTime(call: Call): Promise<number> {
  const answer = await call({ method: 'GET', path: '/v1/system/time', bearer: 'none' });
  const { server_time: time } = members(answer.body);
  return typeof time === 'string' && /^[0-9]{1,16}$/.test(time) ? Number(time) : notCountersign(answer);
}

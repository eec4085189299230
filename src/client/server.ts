// The server as whoever signs needs it: its configuration, asked once, and its clock.

import { messageHasherWith } from '../starknet/message.ts';
import { scurePedersen } from '../starknet/scure-pedersen.ts';
import { askedOnce } from './asked-once.ts';
import type { Call, Server, SystemConfig } from './call.ts';
import { isCode } from './errors.ts';
import { notCountersign } from './not-countersign.ts';
import { BEHIND_MS, type ServerClock } from './server-clock.ts';

/** Of every server of this wire. */
export const DOMAIN_NAME = 'Paradex';
/** Until what is signed is not before now: logins are signed in seconds, rounded down. */
const PAUSE_MS = BEHIND_MS + 1000;

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
      return messageHasherWith(scurePedersen, { domainName: DOMAIN_NAME, chainId }, new Map());
    }),
    signingTime: () => clock.signingTime(),
    async signedAt(act, deadline) {
      const signingTime = () => (deadline === undefined ? clock.signingTime() : deadline.race(clock.signingTime));
      try {
        return await act(await signingTime());
      } catch (error) {
        if (!isCode(error, 'INVALID_TIMESTAMP') && !isCode(error, 'INVALID_BLOCK_EXPIRATION')) throw error;
        const { wait_seconds: wait } = members(error.data);
        if (wait === undefined) clock.forget();
        // Not the clock: the account has signed out, and takes no signature until then.
        else if (wait !== 0) throw error;
        // The server takes what is signed now, and what is signed here is behind it.
        else if (deadline === undefined) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
        // The refusal says more than the end of waiting.
        else if (deadline.left() > PAUSE_MS) await deadline.sleep(PAUSE_MS);
        else throw error;
        return await act(await signingTime());
      }
    },
  };
  return server;
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

// What clients read before they log in: configuration, time and the public keys (WIRE sections 1 and 1.1).
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import type { Config } from '../../config/schema.ts';
import { type Clock, millisOf } from '../../domain/time.ts';
import type { Keyring } from '../../jwt/keyring.ts';

const TimeWire = Type.Object({ server_time: Type.String() });

export function registerSystemRoutes(
  app: FastifyInstance,
  deps: { readonly config: Config; readonly clock: Clock; readonly keyring: Pick<Keyring, 'jwks'> },
): void {
  const config = JSON.stringify(systemConfig(deps.config));

  app.get('/v1/system/config', async (_request, reply) => reply.type('application/json; charset=utf-8').send(config));
  app.get('/v1/system/time', { schema: { response: { 200: TimeWire } } }, async () => ({
    server_time: String(millisOf(deps.clock.now())),
  }));
  app.get('/v1/jwks.json', async (_request, reply) =>
    reply.type('application/json; charset=utf-8').send(JSON.stringify(deps.keyring.jwks())),
  );
}

// Types matter: what is a numeric string here is one in every client's own record (WIRE 1.1).
function systemConfig(config: Config) {
  const rpc = config.starknet_fullnode_rpc_url;
  return {
    starknet_chain_id: config.starknet_chain_id,
    l1_chain_id: String(config.l1_chain_id),
    paraclear_account_hash: config.paraclear_account_hash,
    paraclear_account_proxy_hash: config.paraclear_account_proxy_hash,
    paraclear_evm_account_hash: config.paraclear_evm_account_hash,
    starknet_fullnode_rpc_url: rpc,
    starknet_fullnode_rpc_base_url: config.starknet_fullnode_rpc_base_url || new URL(rpc).origin,
    starknet_gateway_url: '',
    paraclear_address: config.paraclear_address,
    paraclear_decimals: config.paraclear_decimals,
    bridged_tokens: config.bridged_tokens,
    block_explorer_url: config.block_explorer_url,
    oracle_address: config.oracle_address,
    l1_core_contract_address: config.l1_core_contract_address,
    l1_operator_address: config.l1_operator_address,
    liquidation_fee: config.liquidation_fee,
    environment: config.environment,
  };
}

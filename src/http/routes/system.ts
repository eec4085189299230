// Read by clients before they log in: configuration, time and the public keys (docs/wire.md section 1).
import type { FastifyInstance, FastifySchema } from 'fastify';
import Type, { type Static } from 'typebox';
import type { Config } from '../../config/schema.ts';
import { type Clock, millisOf } from '../../domain/time.ts';
import type { Keyring } from '../../jwt/keyring.ts';
import { closed, FeltWire, oneOf } from '../../wire/common.ts';

const text = Type.String();
const BridgedTokenWire = Type.Object(
  {
    name: text,
    symbol: text,
    decimals: Type.Integer(),
    l1_token_address: text,
    l1_bridge_address: text,
    l2_token_address: text,
    l2_bridge_address: text,
  },
  closed,
);
// Clients keep these members in typed records: a numeric string must stay a string (docs/wire.md section 1).
const ConfigWire = Type.Object(
  {
    starknet_chain_id: text,
    l1_chain_id: text,
    paraclear_account_hash: FeltWire,
    paraclear_account_proxy_hash: FeltWire,
    paraclear_evm_account_hash: FeltWire,
    starknet_fullnode_rpc_url: text,
    starknet_fullnode_rpc_base_url: text,
    starknet_gateway_url: text,
    paraclear_address: text,
    paraclear_decimals: Type.Integer(),
    bridged_tokens: Type.Array(BridgedTokenWire),
    block_explorer_url: text,
    oracle_address: text,
    l1_core_contract_address: text,
    l1_operator_address: text,
    liquidation_fee: text,
    environment: text,
  },
  closed,
);
type ConfigWire = Static<typeof ConfigWire>;
const TimeWire = Type.Object(
  { server_time: Type.String({ pattern: '^[0-9]+$', description: "The server's clock, in unix milliseconds." }) },
  closed,
);
const JwksWire = Type.Object(
  {
    keys: Type.Array(
      Type.Object(
        {
          kty: oneOf(['EC']),
          crv: oneOf(['P-256']),
          x: text,
          y: text,
          alg: oneOf(['ES256']),
          use: oneOf(['sig']),
          kid: text,
        },
        closed,
      ),
    ),
  },
  closed,
);

const configSchema = {
  tags: ['Start here'],
  summary: 'What a client must know before it signs: chain ids, class hashes, addresses',
  response: { 200: ConfigWire },
} as const satisfies FastifySchema;
const timeSchema = {
  tags: ['Start here'],
  summary: "The server's time, in unix milliseconds as text",
  response: { 200: TimeWire },
} as const satisfies FastifySchema;
const jwksSchema = {
  tags: ['Start here'],
  summary: 'The public keys that sessions and tokens are signed with (RFC 7517)',
  response: { 200: JwksWire },
} as const satisfies FastifySchema;

export function registerSystemRoutes(
  app: FastifyInstance,
  deps: { readonly config: Config; readonly clock: Clock; readonly keyring: Pick<Keyring, 'jwks'> },
): void {
  const config = JSON.stringify(systemConfig(deps.config));

  app.get('/v1/system/config', { schema: configSchema }, async (_request, reply) =>
    reply.type('application/json; charset=utf-8').send(config),
  );
  app.get('/v1/system/time', { schema: timeSchema }, async () => ({
    server_time: String(millisOf(deps.clock.now())),
  }));
  app.get('/v1/jwks.json', { schema: jwksSchema }, async (_request, reply) =>
    reply.type('application/json; charset=utf-8').send(JSON.stringify(deps.keyring.jwks())),
  );
}

function systemConfig(config: Config): ConfigWire {
  const published = config['wire.published'];
  const { starknet_fullnode_rpc_url: rpc, starknet_fullnode_rpc_base_url: base } = published;
  return {
    starknet_chain_id: config['wire.starknet_chain_id'],
    l1_chain_id: String(config['wire.l1_chain_id']),
    paraclear_account_hash: config['wire.paraclear_account_hash'],
    paraclear_account_proxy_hash: config['wire.paraclear_account_proxy_hash'],
    paraclear_evm_account_hash: config['wire.paraclear_evm_account_hash'],
    starknet_fullnode_rpc_url: rpc,
    starknet_fullnode_rpc_base_url: base || new URL(rpc).origin,
    starknet_gateway_url: '',
    paraclear_address: published.paraclear_address,
    paraclear_decimals: published.paraclear_decimals,
    bridged_tokens: [...published.bridged_tokens],
    block_explorer_url: published.block_explorer_url,
    oracle_address: published.oracle_address,
    l1_core_contract_address: published.l1_core_contract_address,
    l1_operator_address: published.l1_operator_address,
    liquidation_fee: published.liquidation_fee,
    environment: published.environment,
  };
}

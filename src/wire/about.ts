// What a server says of itself before anybody is signed in (docs/wire.md section 1).
import Type, { type Static } from 'typebox';
import { closed, described, oneOf } from './common.ts';

const count = (description: string) => Type.Integer({ format: 'int64', description });

const LimitsWire = Type.Object(
  {
    tokens: count('Live read-only tokens of an account.'),
    subkeys: count('Live subkeys of an account, pending ones among them.'),
    pending_subkeys: count('Pending subkeys of an account.'),
    pending_seconds: count('The longest that a pending subkey may wait for its activation.'),
    devices: count('Live devices of an account.'),
    device_seconds: count('The longest that a device may live.'),
    allowlist_entries: count('Entries of an allowlist.'),
  },
  closed,
);

const HandOffWire = Type.Object(
  {
    on: Type.Boolean(),
    why_not: Type.Union([Type.String(), Type.Null()], {
      description: 'The setting or the fact that keeps it off; null where it is on.',
    }),
  },
  closed,
);

export const AboutWire = Type.Object(
  {
    version: Type.String({ description: 'Of Countersign.' }),
    siwe_domain: Type.Union([Type.String(), Type.Null()], {
      description:
        "What a wallet's message must name as its domain: the Host of this request where it is accepted, else null.",
    }),
    starknet_chain_id: Type.String({ description: 'As in GET /v1/system/config.' }),
    l1_chain_id: Type.String({ description: 'As in GET /v1/system/config: a decimal number as text.' }),
    limits: LimitsWire,
    onboarding: described(oneOf(['anyone', 'listed', 'nobody']), 'Who may make an account.'),
    terminal_tokens: Type.Boolean(),
    usage: Type.Boolean({ description: 'Whether the use of credentials is kept.' }),
    wallet_derivation: Type.Boolean({
      description:
        "Whether the console may derive a main key from a wallet's signature. Not on Ethereum's main network, where one exists elsewhere, unless the operator says so.",
    }),
    console: Type.Boolean({ description: 'Whether this server serves the console.' }),
    console_url: Type.Union([Type.String(), Type.Null()], {
      description:
        'The address at which people open the console. Null where there is none, and where the operator has not said: then it is at the address of this answer.',
    }),
    api_url: Type.Union([Type.String(), Type.Null()], {
      description:
        'The address at which programs reach this API. Null where the operator has not said: then it is that of this answer.',
    }),
    hand_off: HandOffWire,
  },
  closed,
);
export type AboutWire = Static<typeof AboutWire>;

// The parts of a client, each a function of its core. What they are made of stands in call.ts.
import { createAccount } from './account.ts';
import { createActivity, createExplain, createUsage } from './activity.ts';
import type { Core } from './call.ts';
import { createDevices } from './devices.ts';
import { createOrderSigning } from './sign-order.ts';
import { createSubkeys } from './subkeys.ts';
import { createTokens } from './tokens.ts';

export const createParts = (core: Core) => ({
  account: createAccount(core),
  tokens: createTokens(core),
  subkeys: createSubkeys(core),
  devices: createDevices(core),
  activity: createActivity(core),
  usage: createUsage(core),
  explain: createExplain(core),
  ...createOrderSigning(core),
});

export type Parts = ReturnType<typeof createParts>;

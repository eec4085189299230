// The decision about one request: its bearer, and the current facts of its credential from the view.
import { createAuthorize } from '../access/authorize.ts';
import type { Config } from '../config/schema.ts';
import { createVerifyBearer } from '../jwt/verify.ts';
import type { Core } from './core.ts';

type AccessSettings = Pick<Config, 'jwt.issuer' | 'memory.entries' | 'tokens.may_read_keys'>;

export function composeAccess(
  settings: AccessSettings,
  { keyring, live, view, clock }: Pick<Core, 'keyring' | 'live' | 'view' | 'clock'>,
) {
  const verifyBearer = createVerifyBearer({
    keyring,
    issuer: settings['jwt.issuer'],
    cacheCapacity: settings['memory.entries'],
  });
  const policy = { tokensMayReadKeys: settings['tokens.may_read_keys'] };
  return { verifyBearer, authorize: createAuthorize({ verifyBearer, view, live, clock, policy }) };
}

import type { Config } from '../config/schema.ts';
import type { KeyUse } from '../jwt/signing-key.ts';

/** Uses of signing keys that must be there: for bearers, and for what is switched on. */
export const keyUsesOf = (config: Config): readonly KeyUse[] =>
  config['terminal_token.enabled'] ? ['session', 'token', 'terminal'] : ['session', 'token'];

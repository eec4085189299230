import type { Config } from '../config/schema.ts';
import { type KeyUse, usesWith } from '../jwt/kinds.ts';

/** Uses of signing keys that must be there: for bearers, and for what is switched on. */
export const keyUsesOf = (config: Config): readonly KeyUse[] => usesWith(config);

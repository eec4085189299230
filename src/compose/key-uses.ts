import { type KeyUse, usesWith } from '../jwt/kinds.ts';
import type { Slice } from './slice.ts';

/** Uses of signing keys that must be there: for bearers, and for what is switched on. */
export const keyUsesOf = (config: Slice<'terminal_token'>): readonly KeyUse[] => usesWith(config);

// The parts of a client, each a function of its core: `tokens: createTokens(core)`. What they are made of stands in call.ts.
import type { Core } from './call.ts';

export const createParts = (_core: Core) => ({});

export type Parts = ReturnType<typeof createParts>;

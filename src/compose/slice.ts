import type { Config } from '../config/schema.ts';

/** The settings of some groups: those whose names begin with `<group>.`. */
export type Slice<Group extends string> = Pick<Config, Extract<keyof Config, `${Group}.${string}`>>;

// The rows of the meta table, by name: facts about the store as a whole, and the counters of its ids.

/** Renewed at restore and promotion: positions of two epochs never compare. */
export const EPOCH = 'epoch';
/** What the clock never goes below. */
export const HIGHEST_TIME = 'highest_time';
/** Left where the clock was set back: signatures dated up to here may be marked. */
export const DATED_UNTIL = 'dated_until';
/**
 * Left by a restore, or where the clock was set: what was signed at or before it is dead, also for accounts that are onboarded
 * later.
 */
export const VALID_AFTER_FLOOR = 'valid_after_floor';

export const NEXT_SUBKEY_ID = 'next_subkey_id';
export const NEXT_AUDIT_ID = 'next_audit_id';

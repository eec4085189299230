// How long things live, in seconds: every such figure that is no setting.

/** A session, whatever the expiration of the signature behind it. */
export const SESSION_SECONDS = 300;
/** A terminal token; less when the session that asked for it ends sooner. */
export const TERMINAL_TOKEN_SECONDS = 300;

/** A read-only token: one minute to one year. */
export const MIN_TOKEN_SECONDS = 60;
export const MAX_TOKEN_SECONDS = 365 * 86_400;
export const DEFAULT_TOKEN_SECONDS = 86_400;
/** How long a replaced token goes on beside its successor, at most and where the request does not say. */
export const MAX_OVERLAP_SECONDS = 7 * 86_400;
export const DEFAULT_OVERLAP_SECONDS = 86_400;

/** A subkey that expires: one minute to ten years, far below any overflow. */
export const MIN_SUBKEY_SECONDS = 60;
export const MAX_SUBKEY_SECONDS = 3_650 * 86_400;
/** The shortest time for an activation that a registration may ask for; at most it is subkeys.pending_life. */
export const MIN_PENDING_SECONDS = 30;

/** The longest that a registration, or any message of a wallet, says to be good for. */
export const OWNER_WINDOW_SECONDS = 600;
/** The oldest timestamp of an activation. */
export const ACTIVATION_AGE_SECONDS = 300;
/** No signature is good for longer: login.max_age can be no more, and a registration's window is less. */
export const MAX_SIGNATURE_SECONDS = 7 * 86_400;
/** A used signature or nonce is remembered for this long after it expired. */
export const MARK_GRACE_SECONDS = 60;
/** A signing key is kept this much longer than the last thing it signed, for what was being signed while it stopped. */
export const KEY_GRACE_SECONDS = 60;

/** A device: its lifetime, to the setting devices.max_life; and how long without a session until it is over. */
export const MIN_DEVICE_SECONDS = 300;
export const MIN_DEVICE_IDLE_SECONDS = 60;
export const DEFAULT_DEVICE_IDLE_SECONDS = 900;
/** The oldest iat of a device's proof. */
export const DEVICE_PROOF_SECONDS = 60;

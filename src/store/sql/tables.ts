// The rows as the database holds them. Integers are bigint end to end, times are nanoseconds. A release reads only the columns it names:
// a later release may have added some.

export interface AccountTable {
  account_id: string;
  signer_type: string;
  /** Canonical felt; empty for wallet accounts. */
  main_public_key: string;
  /** Lower-case address; empty for Stark-key accounts. */
  eth_address: string;
  /** The header PARADEX-ETHEREUM-ACCOUNT of the onboarding. Unproven: a label, never used to decide. */
  ethereum_label: string;
  /** Sessions of any credential whose auth_time is at or before it are dead. */
  valid_after: bigint;
  /** The same for sessions of the main key or wallet alone. */
  main_valid_after: bigint;
  /** 0 = not locked. */
  locked_at: bigint;
  created_at: bigint;
}

export interface SubkeyTable {
  account_id: string;
  id: bigint;
  public_key: string;
  name: string;
  state: string;
  allowlist: string;
  /** Ciphertext for the ephemeral key and that key, while pending; empty before and after. */
  encrypted_key: string;
  eph_public_key: string;
  /** While pending: the end of the time for activation. */
  pending_until: bigint;
  /** The proof of its registration; empty if none was required. */
  registered_by: string;
  /** The ephemeral key that activated it, when, and from which address; empty and 0 if none did. */
  activated_by: string;
  activated_at: bigint;
  activated_from: string;
  /** Sessions whose auth_time is at or before it are dead. */
  valid_after: bigint;
  /** 0 = never. */
  expires_at: bigint;
  created_at: bigint;
  updated_at: bigint;
  revoked_at: bigint;
}

export interface TokenTable {
  account_id: string;
  token_id: string;
  lookup_id: string;
  name: string;
  kind: string;
  /** The key that signed its JWT; empty if it is not known any more. */
  kid: string;
  allowlist: string;
  created_at: bigint;
  expiry_at: bigint;
  last_updated_at: bigint;
  revoked_at: bigint;
  /** The lookup_id of the token that a rotation made of it; empty if none did. */
  replaced_by: string;
  /** The lookup_id of the token that a rotation made this one of; empty if it was made anew. */
  replaces: string;
  /** Seconds, as it was made; 0 in a row of an older release, whose times tell it. */
  lifetime: bigint;
}

export interface DeviceTable {
  account_id: string;
  /** Never used twice, whoever's it was. */
  device_id: string;
  name: string;
  /** Of its public key (RFC 7638). */
  thumbprint: string;
  /** Of the session that made it, in seconds. */
  auth_time: bigint;
  created_at: bigint;
  expires_at: bigint;
  idle_seconds: bigint;
  idle_until: bigint;
  /** 0 and empty until it opens a session. */
  last_used_at: bigint;
  last_used_ip: string;
  /** 0 = not ended. */
  ended_at: bigint;
}

export interface SigningKeyTable {
  kid: string;
  use: string;
  public_jwk: string;
  sealed_private_key: string;
  state: string;
  created_at: bigint;
  retired_at: bigint;
  /** While it only verifies: the latest expiry of anything it signed. */
  verify_until: bigint;
}

export interface UsedSignatureTable {
  account_id: string;
  purpose: string;
  /** `hash/key`: the message and the public key that signed it. Only the hash in a row of an older release. */
  message_hash: string;
  expires_at: bigint;
  /** 0 in a row of an older release. */
  used_at: bigint;
}

export interface SiweNonceTable {
  account_id: string;
  nonce: string;
  expires_at: bigint;
  /** 0 in a row of an older release. */
  used_at: bigint;
}

export interface AuditTable {
  account_id: string;
  id: bigint;
  at: bigint;
  action: string;
  /** The credential that acted, as `kind:id`; empty before any existed. */
  actor: string;
  /** The credential or account that was changed, as a subject. */
  subject: string;
  request_id: string;
  client_ip: string;
  /** JSON: the signed fields or SIWE text, old and new values. Never a secret. */
  detail: string;
}

export interface ChangeLogTable {
  position: bigint;
  at: bigint;
  account_id: string;
  action: string;
  /** JSON array of subjects. */
  subjects: string;
  narrows: bigint;
  /** When it forbids something; 0 = at once. */
  narrows_at: bigint;
}

export interface UsageDayTable {
  /** UTC days since 1970-01-01. */
  day: bigint;
  account_id: string;
  /** `kind:id`. */
  credential: string;
  allowed: bigint;
  refused: bigint;
  limited: bigint;
  failed: bigint;
}

export interface LastUseTable {
  account_id: string;
  credential: string;
  last_at: bigint;
  last_ip: string;
}

export interface UsedAddressTable {
  account_id: string;
  credential: string;
  address: string;
  first_at: bigint;
  last_at: bigint;
  /** The UTC day of last_at. */
  last_day: bigint;
  allowed: bigint;
  refused: bigint;
}

export interface MetaTable {
  name: string;
  value: bigint;
  text: string;
}

export interface ExplanationTable {
  request_id: string;
  account_id: string;
  at: bigint;
  /** `kind:id`. */
  credential: string;
  reason: string;
  route: string;
  others: bigint;
  /** JSON. Never a secret. */
  detail: string;
}

export interface Tables {
  account: AccountTable;
  subkey: SubkeyTable;
  token: TokenTable;
  device: DeviceTable;
  signing_key: SigningKeyTable;
  used_signature: UsedSignatureTable;
  siwe_nonce: SiweNonceTable;
  audit: AuditTable;
  change_log: ChangeLogTable;
  usage_day: UsageDayTable;
  last_use: LastUseTable;
  used_address: UsedAddressTable;
  explanation: ExplanationTable;
  meta: MetaTable;
}

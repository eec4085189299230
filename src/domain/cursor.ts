// The cursors of lists. A text that no list gave is refused: read as a position it would look like the end of the list.

const forms = {
  /** The last subkey's id. */
  subkeys: /^[0-9]{1,18}$/,
  /** The last token's id. */
  tokens: /^tok_[0-9a-z]{1,40}$/,
  /** The last device's id. */
  devices: /^dev_[0-9a-z]{1,40}$/,
  /** The last account. */
  accounts: /^0x[1-9a-f][0-9a-f]{0,62}$/,
  /** Time and id of a row. The id is its place; both together show that it is a row of this log. The time fits the database. */
  audit: /^[0-8]?[0-9]{1,18}\.[0-9]{1,18}$/,
  /** The id of the last row that was looked at, in the audit log as an owner reads it. */
  activity: /^[0-9]{1,18}$/,
  /** Day and credential of a row. */
  usage: /^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])\.[a-z]{1,8}:[0-9a-z_]{1,44}$/,
  /** The newest time on the first page, and of the last row when it was last used, unless that is later, and its address. */
  addresses: /^[0-9]{1,19}(?:~|-[0-9]{1,19}-)[0-9a-f:.]{2,45}$/,
  /** Account and credential, among those that used an address. */
  used_from: /^0x[1-9a-f][0-9a-f]{0,62}\.[a-z]{1,8}:[0-9a-z_]{1,44}$/,
} as const;

export type ListName = keyof typeof forms;

export const isCursorOf = (list: ListName, text: string): boolean => forms[list].test(text);

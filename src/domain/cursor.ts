// The cursors by which lists go on. A text that no list ever gave is no cursor: read as a position it would be the end of a list.

const forms = {
  /** The last subkey's id. */
  subkeys: /^[0-9]{1,18}$/,
  /** The last token's id. */
  tokens: /^tok_[0-9a-z]{1,40}$/,
  /** The last account. */
  accounts: /^0x[1-9a-f][0-9a-f]{0,62}$/,
  /** Time and id of a row: the id is its place, and both say that it is a row of this log. A time that the database can hold. */
  audit: /^[0-8]?[0-9]{1,18}\.[0-9]{1,18}$/,
} as const;

export type ListName = keyof typeof forms;

export const isCursorOf = (list: ListName, text: string): boolean => forms[list].test(text);

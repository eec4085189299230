// The actions of audit rows: a closed, append-only list. docs/operator.md shows each with its sentence.

/** What each action means. A row's subject is what it happened to, its actor who did it. */
export const auditActions = {
  'account.onboarded': 'An account was made; `detail` has its kind of signer and its key.',
  'account.signed_out_everywhere':
    'All sessions of the account ended, its devices too, and every login that was signed by then.',
  'account.revoked_all': 'The same, and the subkeys and tokens in `detail` were revoked.',
  'account.locked': 'The operator locked the account.',
  'account.unlocked': 'The operator unlocked it.',
  'account.revoked_by_restore': 'A restore revoked the subkeys and tokens in `detail`, and ended its devices.',
  'account.revoked_by_clock':
    'A clock that was accepted revoked the subkeys and tokens in `detail`, and ended its devices.',
  login: 'A credential logged in; `detail` has the session.',
  'login.refused':
    'A login, or an emergency that was signed instead of one, was refused although its signature was good: outside the list, locked, signed out and the like, by the `reason` in `detail`. The first from an address has a row of its own, the others of its minute are one row with their `count`; with `others`, those of more addresses than are told apart.',
  'request.refused':
    'Requests of a credential were refused; one row a minute for each reason and route, with their `count`.',
  'subkey.registered': 'A subkey was registered; `detail` has what its owner signed.',
  'subkey.activated': 'A pending subkey was activated.',
  'subkey.activation_repeated':
    'Somebody else, or the same client after a lost answer, proved the ephemeral key of a subkey that was activated already, and got nothing; `detail` has when it was activated and from which address.',
  'subkey.renamed': 'A subkey got another name.',
  'subkey.allowlist_replaced': 'A subkey was bound to other addresses.',
  'subkey.revoked': 'A subkey was revoked, by its owner or by the operator.',
  'subkey.expired': 'A pending subkey was not activated in time and is gone.',
  'token.created': 'A read-only token was made.',
  'token.allowlist_replaced': 'A token was bound to other addresses.',
  'token.renamed': 'A token got another name.',
  'token.rotated':
    'A token was replaced by another with the same name and allowlist, and ends by the time in `detail`; `replaced_by` there is the new one.',
  'token.revoked': 'A token was revoked, by its owner or by the operator.',
  'device.added': 'A device was signed in: it may see and end, and never make or widen.',
  'device.ended': 'A device was signed out, by its owner or by the operator.',
  'terminal_token.issued': 'A terminal token was issued; `detail` has its `jti`.',
  'credential.reported_leaked':
    'Somebody who held a bearer said that it is in the open: the token was revoked, the device ended, or the sessions up to that one ended, with the devices they made. There is no actor.',
  'credential.revoked_itself':
    'A subkey, token or device was ended by a bearer of its own: whoever holds one may end it. Subject and actor are the same.',
  'ending.receipt':
    'What the ending of the same `request_id` and `subject` did: `detail` has its `action`, and `nodes`, `ms` and `in_flight` of its receipt.',
  'signing_key.published': 'A new signing key stands in jwks.json, and does not sign yet.',
  'signing_key.activated': 'A signing key signs from now on.',
  'signing_key.retired': 'A signing key ended, and all it had signed.',
  'clock.accepted': "The operator took the machine's time for the kept one.",
  'backup.taken': 'A backup was taken.',
  'store.restored': 'The database was made of a backup.',
} as const satisfies Readonly<Record<string, string>>;

export type AuditAction = keyof typeof auditActions;

export const isAuditAction = (text: string): text is AuditAction => Object.hasOwn(auditActions, text);

/** Whether an owner changed something, signed in, or was refused. */
export const auditOutcomes = ['changes', 'logins', 'refusals'] as const;
export type AuditOutcome = (typeof auditOutcomes)[number];

const otherOutcomes: Readonly<Partial<Record<AuditAction, Exclude<AuditOutcome, 'changes'> | 'none'>>> = {
  login: 'logins',
  'terminal_token.issued': 'logins',
  'login.refused': 'refusals',
  'request.refused': 'refusals',
  'subkey.activation_repeated': 'refusals',
  // Stands beside the row of its change.
  'ending.receipt': 'none',
};

export const actionsOf = (outcome: AuditOutcome): readonly AuditAction[] =>
  Object.keys(auditActions)
    .filter(isAuditAction)
    .filter((action) => (otherOutcomes[action] ?? 'changes') === outcome);

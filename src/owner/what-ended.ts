// When the key of a refused request had ended, and by whom: what the explanation itself does not say, the activity does.
import type { Client } from '../client/create-client.ts';
import type { ActivityRow, Explanation } from '../client/shapes.ts';

export interface Ended {
  readonly at: bigint;
  /** Empty: by its own time. */
  readonly by: string;
}

const ofAccount = ['account.revoked_all', 'account.revoked_by_restore', 'account.revoked_by_clock'];
/** What may have ended it, by the reason of the refusal. */
const endings: Readonly<Record<string, readonly string[]>> = {
  credential_revoked: [
    'token.revoked',
    'token.rotated',
    'subkey.revoked',
    'device.ended',
    'credential.reported_leaked',
    'credential.revoked_itself',
    ...ofAccount,
  ],
  credential_expired: ['token.created', 'token.rotated', 'subkey.registered', 'device.added'],
  signed_out: ['account.signed_out_everywhere', 'credential.reported_leaked', ...ofAccount],
  account_locked: ['account.locked'],
};

/** Undefined where the activity does not say, or cannot be had: the explanation is told all the same. */
export async function whatEnded(
  client: Pick<Client, 'activity'>,
  found: Explanation,
  signal: AbortSignal,
): Promise<Ended | undefined> {
  const action = endings[found.reason];
  if (action === undefined) return undefined;
  try {
    const { results } = await client.activity.list({ action, to: found.at, signal }).page();
    const own = results.find(({ subject }) => isSame(subject, found.credential));
    const row = own ?? results.find((one) => isOfAll(one, found));
    if (row === undefined) return undefined;
    if (found.reason !== 'credential_expired') return { at: row.at, by: shown(row.actor) };
    const { ends_at, expires_at, expiry_at } = row.detail;
    const at = ends_at ?? expires_at ?? expiry_at;
    return typeof at === 'bigint' ? { at, by: '' } : undefined;
  } catch (error) {
    if (signal.aborted) throw error;
    return undefined;
  }
}

const isSame = (one: ActivityRow['subject'], other: Explanation['credential']): boolean =>
  one.kind === other.kind && one.id === other.id;

/** Of the whole account; of one that named keys, only if it named some of this kind. */
function isOfAll({ action, subject, detail }: ActivityRow, { reason, credential }: Explanation): boolean {
  if (subject.kind !== 'account') return false;
  const named = detail[`${credential.kind}s`];
  return reason !== 'credential_revoked' || !ofAccount.includes(action) || !Array.isArray(named) || named.length > 0;
}

const shown = ({ kind, id, name }: ActivityRow['actor']): string =>
  [name === '' ? '' : `"${name}"`, id === '' ? kind : `${kind}:${id}`].join(' ').trimStart();

// When, and by whom, what was refused had ended: a refusal does not say it, the activity does.
import { type ActivityRow, type Client, dateOf, type Explanation, explainInWords } from '../../../src/client/main.ts';
import { shortExact } from '../../words/times.ts';

interface Endings {
  /** Of the credential that was refused. */
  readonly own: readonly string[];
  /** Of its whole account. */
  readonly all: readonly string[];
}

const ofAll = ['account.revoked_all', 'account.revoked_by_restore', 'account.revoked_by_clock'];
const endings: Readonly<Record<string, Endings>> = {
  credential_revoked: {
    own: [
      'token.revoked',
      'token.rotated',
      'subkey.revoked',
      'device.ended',
      'credential.reported_leaked',
      'credential.revoked_itself',
    ],
    all: ofAll,
  },
  // They say when it would end.
  credential_expired: { own: ['token.created', 'token.rotated', 'subkey.registered', 'device.added'], all: [] },
  signed_out: { own: ['credential.reported_leaked'], all: ['account.signed_out_everywhere', ...ofAll] },
  account_locked: { own: [], all: ['account.locked'] },
};

export const isEnding = ({ reason }: Pick<Explanation, 'reason'>): boolean => Object.hasOwn(endings, reason);

/** The row that tells it; null where none does. */
export async function whatEnded(
  client: Pick<Client, 'activity'>,
  { reason, credential: { kind, id }, at }: Explanation,
  signal: AbortSignal,
): Promise<ActivityRow | null> {
  const { own, all } = (isEnding({ reason }) ? endings[reason] : undefined) ?? { own: [], all: [] };
  const to = dateOf(at + 1_000_000n);
  const newest = async (action: readonly string[], credential?: string): Promise<ActivityRow | undefined> => {
    if (action.length === 0) return undefined;
    const asked = { action, limit: 1, signal, ...(to && { to }), ...(credential && { credential }) };
    return (await client.activity.list(asked).page()).results[0];
  };
  const [ofKey, ofAccount] = await Promise.all([newest(own, `${kind}:${id}`), newest(all)]);
  // A key that was deleted ends no second time with everything else.
  if (reason === 'credential_revoked' || ofAccount === undefined) return ofKey ?? ofAccount ?? null;
  return ofKey === undefined || ofAccount.id > ofKey.id ? ofAccount : ofKey;
}

/** Why it was refused, with what is known of how that came. `row`: undefined while it is not known. */
export function causeOf(explanation: Explanation, row: ActivityRow | null | undefined, nowMs: number): string {
  const { cause } = explainInWords(explanation);
  if (row === undefined || row === null) return cause;
  const at = shortExact(row.at, nowMs);
  switch (explanation.reason) {
    case 'credential_revoked':
      return `Deleted ${at} ${byWords(row)}. ${cause}`;
    case 'credential_expired': {
      const { ends_at, expires_at, expiry_at } = row.detail;
      const end = ends_at ?? expires_at ?? expiry_at;
      return typeof end === 'bigint' && end > 0n ? `It ended ${shortExact(end, nowMs)}. ${cause}` : cause;
    }
    case 'signed_out':
      return `${outWords(row, at)} The bot must sign in again.`;
    case 'account_locked':
      return `Your venue locked it ${at}. Only the venue can unlock it.`;
    default:
      return cause;
  }
}

const byTheVenue: Readonly<Record<string, string>> = {
  'account.revoked_by_restore': 'because the venue restored a backup',
  'account.revoked_by_clock': 'because the venue set its clock',
};

function byWords({ action, actor, subject }: ActivityRow): string {
  if (Object.hasOwn(byTheVenue, action)) return byTheVenue[action] ?? '';
  if (action === 'credential.reported_leaked') return 'because somebody reported it found';
  if (action === 'account.revoked_all') return 'with everything else';
  if (action === 'token.rotated') return 'because it was replaced';
  if (action === 'credential.revoked_itself')
    return subject.kind === 'device' ? 'by itself' : 'by a program that has it';
  return actor.kind === 'operator' ? 'by the venue' : 'by you';
}

function outWords({ action, actor }: ActivityRow, at: string): string {
  if (Object.hasOwn(byTheVenue, action)) return `Sessions ended ${at}, ${byTheVenue[action]}.`;
  if (action === 'credential.reported_leaked') return `The session ended ${at}, because somebody reported it found.`;
  if (action === 'account.revoked_all') return `The session is older than ‘End everything’ of ${at}.`;
  return actor.kind === 'operator'
    ? `The session is older than the venue's sign-out of ${at}.`
    : `The session is older than your sign-out of ${at}.`;
}

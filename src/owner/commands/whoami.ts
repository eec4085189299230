// countersign whoami: who the server takes us for, and from where.
import { shownAllowlist } from '../addresses.ts';
import { connect } from '../connection.ts';
import type { Run } from '../shell.ts';
import { members } from '../table.ts';
import { moment } from '../times.ts';

export const whoami: Run = async (shell) => {
  const { place, client } = connect(shell);
  const self = await client.account.self({ signal: shell.signal });
  if (shell.has('json')) await shell.json(self);
  else {
    const now = shell.now();
    const pairs = [
      ['server', place.url],
      ['profile', place.bearer === undefined ? (place.name ?? '') : 'none: COUNTERSIGN_TOKEN is used'],
      ['account', self.account],
      ['you are', `${self.kind} ${self.id}`],
      ['may', self.permissions.join(', ')],
      [
        'until',
        place.bearer !== undefined || place.profile?.device === undefined
          ? moment(self.expires_at, now)
          : untilOf(place.profile.device.expires_at, now),
      ],
      ['from', shownAllowlist(self.allowed_cidrs)],
      ['seen at', self.client_ip === '' ? 'an address that the server cannot tell' : self.client_ip],
    ] as const;
    await shell.out(members(pairs, shell.width));
  }
  return 0;
};

const untilOf = (text: string, now: number): string => moment(BigInt(Date.parse(text)) * 1_000_000n, now);

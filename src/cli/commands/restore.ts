// countersign restore: makes a data folder of a backup, and says what that ends and what it cannot know.
import { resolve } from 'node:path';
import { type Restored, restoreBackup } from '../../compose/restore.ts';
import { secondsOf } from '../../domain/time.ts';
import { jsonText } from '../../owner/printable.ts';
import { shownTime, table } from '../output.ts';
import type { Typed } from '../program.ts';
import { readSettings, reporting } from '../reporting.ts';

const KEEP = 'keep-credentials';

export async function restore({ argument: backup = '', json, switches, settings }: Typed): Promise<number> {
  return reporting('restore', async () => {
    const loaded = readSettings(settings);
    const keepCredentials = switches.has(KEEP);
    const restored = await restoreBackup(loaded, resolve(backup), { keepCredentials });
    const folder = loaded.config['data.folder'];
    process.stdout.write(json ? asJson(folder, restored, keepCredentials) : asText(folder, restored, keepCredentials));
  });
}

function asJson(folder: string, restored: Restored, keepCredentials: boolean): string {
  const { backup, revoked } = restored;
  return `${jsonText({
    folder,
    epoch: restored.epoch,
    previous_epoch: backup.epoch,
    backup_log_position: backup.position,
    backup_taken_at: backup.highestTime,
    restored_at: restored.restoredAt,
    valid_after: restored.validAfter,
    kept_credentials: keepCredentials,
    accounts: backup.accounts,
    revoked_subkeys: revoked.subkeys,
    revoked_tokens: revoked.tokens,
    ended_devices: revoked.devices,
  })}\n`;
}

function asText(folder: string, restored: Restored, keepCredentials: boolean): string {
  const { backup, revoked } = restored;
  const taken = shownTime(Number(backup.highestTime));
  const facts = table([
    ['restored', folder],
    [
      'backup',
      `taken ${taken}, ${shownSpan(secondsOf(restored.restoredAt) - secondsOf(backup.highestTime))} before this restore`,
    ],
    ['epoch', `${restored.epoch}, was ${backup.epoch} at log position ${backup.position}`],
    ['holds', `${backup.accounts} accounts`],
    ['sessions', `all ended; a login must be signed after ${shownTime(Number(restored.validAfter))}`],
    ['revoked', `${revoked.subkeys} subkeys, ${revoked.tokens} tokens, ${revoked.devices} devices`],
  ]);
  const lost = `Nothing that happened after ${taken} is known here. Accounts that were locked since are open: lock them again
before you start the server. Accounts that came since must onboard again.\n`;
  return `${facts}\n${lost}${keepCredentials ? kept(backup, taken) : ended}`;
}

const ended = `Tokens and subkeys are revoked: their owners make new ones, with new keys. Signing keys are replaced.\n`;

const kept = ({ subkeys, tokens }: Restored['backup'], taken: string): string =>
  `${subkeys} subkeys and ${tokens} tokens live as they were at ${taken}: THOSE THAT WERE REVOKED SINCE LIVE AGAIN, allowlists that
were narrowed since are as wide as they were, and a token signing key that was retired since signs again. Whose owner cannot revoke
them again now, lock that account. Session signing keys are replaced, and subkeys that waited for activation are revoked.\n`;

/** Coarse: to the unit that matters. */
function shownSpan(seconds: number): string {
  for (const [unit, length] of [
    ['days', 86_400],
    ['hours', 3_600],
    ['minutes', 60],
  ] as const) {
    if (seconds >= 2 * length) return `${Math.floor(seconds / length)} ${unit}`;
  }
  return `${seconds} seconds`;
}

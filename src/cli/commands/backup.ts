// countersign backup: copies everything but the master key and the settings while the server runs. The copy is checked before it gets its
// name.
import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { keepBackup } from '../../backup/keep.ts';
import { requireUsable } from '../../compose/restore.ts';
import { jsonText } from '../../owner/printable.ts';
import { withOperator } from '../operator-client.ts';
import { shownBytes, shownTime, table } from '../output.ts';
import type { Typed } from '../program.ts';

export async function backup({ argument: target = '', json, settings }: Typed): Promise<number> {
  return withOperator('backup', () => {
    return {
      settings,
      async work({ stream }) {
        const file = fileAt(resolve(target), new Date());
        const pieces = stream('/operator/v1/backup', 'POST');
        const { bytes, checked } = await keepBackup(pieces, file, (image) => requireUsable(image, 'this backup'));
        const { epoch, position, highestTime, accounts, subkeys, tokens } = checked;
        const facts = { file, bytes, taken_at: highestTime, epoch, log_position: position, accounts, subkeys, tokens };
        process.stdout.write(json ? `${jsonText(facts)}\n` : shown(facts));
      },
    };
  });
}

// In a folder, a backup is named by its time.
function fileAt(target: string, now: Date): string {
  if (!existsSync(target) || !statSync(target).isDirectory()) return target;
  return join(target, `countersign-${now.toISOString().replace(/[-:]|\.\d+/g, '')}.backup`);
}

interface Kept {
  readonly file: string;
  readonly bytes: number;
  readonly taken_at: bigint;
  readonly epoch: string;
  readonly log_position: bigint;
  readonly accounts: bigint;
  readonly subkeys: bigint;
  readonly tokens: bigint;
}

const shown = (kept: Kept): string =>
  table([
    ['file', kept.file],
    ['size', shownBytes(kept.bytes)],
    ['taken', shownTime(Number(kept.taken_at))],
    ['log', `position ${kept.log_position}, epoch ${kept.epoch}`],
    ['holds', `${kept.accounts} accounts, ${kept.subkeys} live subkeys, ${kept.tokens} live tokens`],
    ['not in it', 'the master key, without which it cannot be restored; the settings; the operator token'],
  ]);

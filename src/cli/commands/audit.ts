// countersign audit export: the audit log as JSON lines on stdout, oldest first.
import { once } from 'node:events';
import { splitArguments, UsageError } from '../arguments.ts';
import { withOperator } from '../operator-client.ts';

const USAGE =
  'usage: countersign audit export [--account=0x..] [--from=2026-11-21] [--to=2026-11-21T08:30:00Z] [--cursor=c] [settings]';

export async function audit(argv: readonly string[]): Promise<number> {
  return withOperator('audit', () => {
    const { words, options, settings } = splitArguments(argv, ['account', 'from', 'to', 'cursor']);
    if (words.join(' ') !== 'export') throw new UsageError(USAGE);
    const query = new URLSearchParams([...options]).toString();
    return {
      settings,
      async work({ stream }) {
        for await (const piece of stream(`/operator/v1/audit${query === '' ? '' : `?${query}`}`)) {
          // Whoever reads us may be slower than the server.
          if (!process.stdout.write(piece)) await once(process.stdout, 'drain');
        }
      },
    };
  });
}

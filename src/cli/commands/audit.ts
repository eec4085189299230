// countersign audit export: the audit log as JSON lines on stdout, oldest first, and how many on stderr.
import { withOperator } from '../operator-client.ts';
import { print } from '../printing.ts';
import type { Typed } from '../program.ts';

const NEWLINE = 0x0a;

export async function audit({ options, settings }: Typed): Promise<number> {
  return withOperator('audit', () => {
    const query = new URLSearchParams();
    for (const [name, value] of options) query.set(name.replace('-', '_'), value);
    return {
      settings,
      async work({ stream }) {
        let rows = 0;
        for await (const piece of stream(`/operator/v1/audit?${query}`)) {
          // The reader may be slower than the server, or gone.
          if (!(await print(piece))) return;
          for (const byte of piece) if (byte === NEWLINE) rows += 1;
        }
        process.stderr.write(`countersign audit: ${rows} ${rows === 1 ? 'row' : 'rows'}\n`);
      },
    };
  });
}

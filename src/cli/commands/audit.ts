// countersign audit export: the audit log as JSON lines on stdout, oldest first.
import { UsageError } from '../arguments.ts';
import { readArguments, usageOf } from '../command-forms.ts';
import { withOperator } from '../operator-client.ts';
import { print } from '../printing.ts';

export async function audit(argv: readonly string[]): Promise<number> {
  return withOperator('audit', () => {
    const { words, options, settings } = readArguments('audit', argv);
    if (words.join(' ') !== 'export') throw new UsageError(usageOf('audit'));
    const query = new URLSearchParams([...options]).toString();
    return {
      settings,
      async work({ stream }) {
        for await (const piece of stream(`/operator/v1/audit${query === '' ? '' : `?${query}`}`)) {
          // Whoever reads us may be slower than the server, or has read enough.
          if (!(await print(piece))) return;
        }
      },
    };
  });
}

// A wallet that never answers is waited for no longer than a person would.
import type { Eip1193Provider } from '../../../src/client/eip1193.ts';

const PATIENCE_MS = 120_000;

/** After two minutes a question is refused here, though the wallet may go on. */
export const patient = (provider: Eip1193Provider): Eip1193Provider => ({
  request(question) {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const over = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('the wallet did not answer')), PATIENCE_MS);
    });
    // A wallet may throw at once, or answer with no promise.
    const answer = Promise.resolve().then(() => provider.request(question));
    return Promise.race([answer, over]).finally(() => clearTimeout(timer));
  },
});

// Walks through the whole story with real signatures, against a running server or one of its own. Exits with 0 only if every
// answer was as it should be.
import { styleText } from 'node:util';
import { type Auth, createClient, NoAnswer } from '../../client/main.ts';
import { type OwnServer, startOwnServer } from '../demo/own-server.ts';
import { createScene, StepFailed } from '../demo/scene.ts';
import { tellStory } from '../demo/story.ts';
import { targetOf } from '../demo/target.ts';
import { createWatch } from '../demo/watch.ts';
import { abandonPrinting } from '../printing.ts';
import type { Typed } from '../program.ts';
import { demoCommand, startCommand } from '../usage.ts';

const USAGE = `usage: ${demoCommand} --url http://host:port for a server that is running; without --url it starts its own`;

export async function demo({ options }: Typed): Promise<number> {
  const target = targetOf(options.get('url'));
  if (target.kind === 'misused') return failed(`${target.problem}; ${USAGE}`, 2);
  const stopped = stopSignal();
  let own: OwnServer | undefined;
  try {
    if (target.kind === 'running server') return await perform(target.origin, target.origin, stopped);
    own = await startOwnServer();
    return await perform(own.url, `${own.url}, a server of its own that goes when the demo ends`, stopped);
  } catch (error) {
    if (stopped.aborted) return failed('the demo was stopped');
    if (error instanceof StepFailed) return failed(error.message);
    return failed(error instanceof Error ? (error.stack ?? error.message) : String(error));
  } finally {
    await own?.stop();
  }
}

async function perform(origin: string, where: string, stopped: AbortSignal): Promise<number> {
  const startedAt = performance.now();
  const watch = createWatch(stopped);
  const clientOf = (auth?: Auth) =>
    createClient({ url: origin, auth, fetch: watch.fetch, timeoutMs: 5_000, retries: 0 });
  const scene = createScene({
    watch,
    heading: `${styleText('bold', 'Countersign demo')}  ${where}\n\n`,
    write: (text) => process.stdout.write(text),
    columns: process.stdout.isTTY ? process.stdout.columns : undefined,
  });
  try {
    await tellStory(scene, clientOf);
  } catch (error) {
    if (error instanceof NoAnswer)
      return failed(`${origin} gave ${error.message}; is the server running? start one with ${startCommand}`);
    throw error;
  }
  const { steps, requests, refusals } = scene.tally();
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  process.stdout.write(
    `\n${styleText('green', '✓ all as it should be')}: ${steps} steps, ${requests} requests, ${refusals} of them refused as they must, ${seconds} s\n`,
  );
  return 0;
}

// Once: a second signal ends the process at once.
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  const stop = () => {
    controller.abort();
    abandonPrinting();
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, stop);
  // The reader is gone (npm run demo | head): the temporary folder must be removed all the same.
  process.stdout.on('error', () => controller.abort());
  return controller.signal;
}

function failed(sentence: string, code = 1): number {
  process.stderr.write(`countersign demo: ${sentence}\n`);
  return code;
}

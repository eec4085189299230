// A worker thread: answers batches of questions with an engine of its own. It gets the settings of the curve and nothing else: no store,
// no secrets, no environment.
import { parentPort, workerData } from 'node:worker_threads';
import { openWalletRecovery } from '../ethereum/wallet-recovery.ts';
import { openAnswers } from './open-answers.ts';
import { outcomesOf } from './outcome.ts';
import type { Batch, FromThread, ThreadData } from './threads.ts';

if (parentPort === null) throw new Error('this module is the entry of a worker thread');
const port = parentPort;
const { settings, tableBytes, needsEngine }: ThreadData = workerData;
const { recoverPublicKey } = await openWalletRecovery();
const answers = openAnswers(settings, { tableBytes, recoverPublicKey });
if (needsEngine && answers.unavailable !== undefined) throw new Error(answers.unavailable);
const send = (message: FromThread): void => port.postMessage(message);

port.on('message', ({ effort, asked }: Batch) => {
  const outcomes = outcomesOf(answers, asked, effort);
  send({ kind: 'answered', outcomes, engine: answers.stats() });
});
send({ kind: 'ready' });

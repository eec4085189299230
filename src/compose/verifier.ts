// The verification of signatures: the Stark engine with its threads, and the recovery of wallets' keys.
import { availableParallelism } from 'node:os';
import type { Logger } from 'pino';
import { MAX_VERIFICATION_WAIT_MS } from '../config/derived.ts';
import { openWalletRecovery, type WalletRecovery } from '../ethereum/wallet-recovery.ts';
import { openAnswers } from '../verification/open-answers.ts';
import { createThreads } from '../verification/threads.ts';
import { createVerifier } from '../verification/verifier.ts';
import { derivationHashes } from './derivation-hashes.ts';
import type { Monitoring } from './monitoring.ts';
import type { Slice } from './slice.ts';

const MIB = 1_048_576;

export async function composeVerifier(
  config: Slice<'engine' | 'wire'>,
  { log, telemetry }: Pick<Monitoring, 'log' | 'telemetry'>,
) {
  const walletRecovery = await openWalletRecovery();
  sayWalletRecovery(walletRecovery, log);
  const settings = {
    domain: { domainName: config['wire.domain_name'], chainId: config['wire.starknet_chain_id'] },
    classes: derivationHashes(config),
  };
  const workers = config['engine.workers'];
  const count = workers === 'auto' ? availableParallelism() - 1 : workers;
  // The main thread answers most questions, so it gets half of the memory.
  const tableBytes = config['engine.table_mib'] * MIB;
  const [own, each] = count === 0 ? [tableBytes, 0] : [tableBytes / 2, tableBytes / 2 / count];
  const { recoverPublicKey } = walletRecovery;
  const answers = openAnswers(settings, { tableBytes: Math.floor(own), recoverPublicKey });
  const { unavailable } = answers;
  if (unavailable !== undefined) {
    log.warn({ event: 'engine_unavailable', reason: unavailable }, 'Stark signatures are verified in plain JavaScript');
  }
  const openThreads = (onChange: () => void) =>
    createThreads({
      count,
      data: { settings, tableBytes: Math.floor(each), needsEngine: unavailable === undefined },
      onChange,
      onLost: (reason, retryMs) => log.error({ event: 'verification_thread_lost', reason, retryMs }),
    });
  const verifier = createVerifier({
    answers,
    openThreads: count === 0 ? undefined : openThreads,
    maxWaiting: config['engine.queue'],
    maxWaitMs: MAX_VERIFICATION_WAIT_MS,
    onAnswered: telemetry.verified,
    onShedding: (dropped) => log.warn({ event: 'verification_overloaded', dropped }),
  });
  return { verifier, [Symbol.asyncDispose]: () => verifier.close() };
}

function sayWalletRecovery(recovery: WalletRecovery, log: Logger): void {
  const { kind } = recovery;
  if (kind === 'native') log.info({ event: 'wallet_recovery', walletRecovery: kind });
  else log.warn({ event: 'wallet_recovery', walletRecovery: kind, reason: recovery.reason });
}

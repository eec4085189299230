// Runs the same tests on each way a wallet's key is recovered. Where the native one has no binary they are skipped, by name.
import { describe } from 'vitest';
import { type RecoverPublicKey, recoverInJavaScript } from '../../src/ethereum/eip191.ts';
import { openWalletRecovery } from '../../src/ethereum/wallet-recovery.ts';

const opened = await openWalletRecovery();

/** Where the npm package brings a binary; elsewhere only the JavaScript path exists. */
export const hasBinary = ['linux-x64', 'darwin-arm64', 'win32-x64'].includes(`${process.platform}-${process.arch}`);

/** Throws where it did not open: on a platform with a binary that fails every test on it, instead of testing JavaScript twice. */
export const recoverNatively: RecoverPublicKey = (digest, signature) => {
  if (opened.kind !== 'native') throw new Error(`there is no native recovery here: ${opened.reason}`);
  return opened.recoverPublicKey(digest, signature);
};

export function describeRecoveries(name: string, tests: (recoverPublicKey: RecoverPublicKey) => void): void {
  describe(`${name}, in JavaScript`, () => tests(recoverInJavaScript));
  describe.skipIf(!hasBinary)(`${name}, natively (where the package brings a binary)`, () => tests(recoverNatively));
}

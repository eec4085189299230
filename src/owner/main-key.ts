// The main key, for one command: from a hidden prompt, a file that nobody else may read, or standard input. It is kept nowhere and is in no
// message.
import type { Auth } from '../client/auth.ts';
import { errorCode, isSystemError, UnsafeFile } from '../errors.ts';
import { readGuarded } from '../files/guarded-file.ts';
import type { Shell } from './shell.ts';
import { WrongUse } from './stops.ts';

const MOST_BYTES = 4_096;
/** What somebody may have put a main key into. Subkeys and tokens have other names. */
const KEY_VARIABLE = /^COUNTERSIGN_(?:(?:MAIN|STARK|L2|ETH|WALLET)_)?(?:PRIVATE_)?(?:KEY|SECRET|MNEMONIC|PASSWORD)$/;

/** Whether the line names where the key comes from. */
export const isKeyGiven = (shell: Shell): boolean =>
  shell.has('key-file') || shell.has('wallet-key-file') || shell.has('stdin');

/** Throws WrongUse where the key would be nowhere to be had: before anything is asked, of people or servers. */
export function requireKeySource(shell: Shell): void {
  const variable = Object.keys(shell.env).find((name) => KEY_VARIABLE.test(name));
  if (variable !== undefined)
    throw new WrongUse(
      `${variable} is set: a main key is never read from the environment, which other programs see and logs keep. Unset it, and give --key-file or --stdin`,
    );
  const given = [shell.has('key-file'), shell.has('wallet-key-file'), shell.has('stdin')].filter((one) => one);
  if (given.length > 1) throw new WrongUse('--key-file, --wallet-key-file and --stdin exclude each other');
  if (given.length === 0 && !shell.terminal.isThere)
    throw new WrongUse(
      'there is no terminal to ask for the main key on; give --key-file, --wallet-key-file or --stdin',
    );
}

/** `account` is the one that it must be of; a Stark key of another is refused by the server. Throws WrongUse for what is no private key. */
export async function mainKey(shell: Shell, account: string | undefined): Promise<Auth> {
  requireKeySource(shell);
  const file = shell.value('wallet-key-file');
  if (file !== undefined) {
    const { walletOfPrivateKey } = await import('./private-wallet.ts');
    return walletOfPrivateKey(hexIn(readKeyFile(file), file, 64));
  }
  const { starkKey } = await import('../client/stark-auth.ts');
  try {
    return starkKey(await starkKeyText(shell), account === undefined ? {} : { account });
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError)
      throw new WrongUse('that is no Stark private key; the key of a wallet goes with --wallet-key-file');
    throw error;
  }
}

async function starkKeyText(shell: Shell): Promise<string> {
  const file = shell.value('key-file');
  if (file !== undefined) return hexIn(readKeyFile(file), file);
  if (shell.has('stdin')) return hexIn(await standardInput(shell.signal), 'standard input');
  return hexIn(await shell.terminal.hidden('Main key (hidden): '), 'what was typed');
}

function hexIn(text: string, where: string, digits = 0): string {
  const [, hex = ''] = /^\s*(?:0[xX])?([0-9a-fA-F]{1,64})\s*$/.exec(text) ?? [];
  if (hex === '' || hex.length < digits)
    throw new WrongUse(`${where} is no private key: it must be 0x and up to 64 hex digits`);
  return `0x${hex.padStart(64, '0')}`;
}

function readKeyFile(path: string): string {
  try {
    const content = readGuarded(path, 'secret', MOST_BYTES);
    if (content === 'too_large') throw new WrongUse(`${path} is too large to be a private key`);
    return content.toString('utf8');
  } catch (error) {
    if (error instanceof UnsafeFile) throw new WrongUse(error.message);
    if (isSystemError(error)) throw new WrongUse(`${path} cannot be read (${errorCode(error)})`);
    throw error;
  }
}

/** All of it. Throws WrongUse for more than a key, or a bearer, can be. */
export async function standardInput(signal: AbortSignal, most = MOST_BYTES): Promise<string> {
  const { stdin } = process;
  if (stdin.isTTY)
    throw new WrongUse(
      'standard input is a terminal, which shows what is typed; leave --stdin out, and you are asked for it, hidden',
    );
  if (signal.aborted) throw signal.reason;
  // Whoever waits for it is told why it ends.
  signal.addEventListener('abort', () => stdin.destroy(signal.reason));
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of stdin) {
    const bytes = Buffer.from(piece);
    size += bytes.length;
    if (size > most) throw new WrongUse(`standard input holds more than ${most} bytes`);
    pieces.push(bytes);
  }
  const text = Buffer.concat(pieces).toString('utf8').trim();
  if (text === '') throw new WrongUse('standard input holds nothing');
  return text;
}

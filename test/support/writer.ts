// A process that manages keys over HTTP until its server dies, and says line by line what was acknowledged.
// Each line of its input is one server: its address, a blank, the private key of an account's main key.
import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import { createStarkKey, randomStarkPrivateKey } from '../../src/client/stark-key.ts';
import type { AccountId } from '../../src/domain/credential.ts';
import { curve } from './curve.ts';
import {
  type Answer,
  call,
  hasher,
  mainSession,
  newWindow,
  onboardingHeaders,
  registrationProof,
  type StarkTrader,
  starkTrader,
  subkeySession,
} from './trader.ts';
import type { WriterLine, WriterWork } from './writer-line.ts';

/** One account's owner, at one server. */
interface Owner {
  readonly url: string;
  readonly trader: StarkTrader;
  readonly account: AccountId;
  readonly session: string;
}

const TOKENS_AT_ONCE = 2;

for await (const line of createInterface({ input: process.stdin })) {
  const [url = '', privateKey = ''] = line.split(' ');
  await writeUntilTheServerIsGone(url, starkTrader(privateKey));
  say({ kind: 'stopped' });
}

async function writeUntilTheServerIsGone(url: string, trader: StarkTrader): Promise<void> {
  const { account } = trader;
  const work = async () => {
    await onboard(url, trader);
    const session = await mainSession(url, trader);
    say({ kind: 'session', account, bearer: session });
    const owner = { url, trader, account, session };
    const lanes = Array.from({ length: TOKENS_AT_ONCE }, () => forEver((round) => manageTokens(owner, round)));
    // All of them, so that nothing of this server is said after `stopped`.
    return Promise.allSettled([...lanes, forEver((round) => manageSubkey(owner, round))]);
  };
  const ended = await work().catch((reason: unknown): PromiseSettledResult<never>[] => [
    { status: 'rejected', reason },
  ]);
  for (const { reason } of ended.filter((lane) => lane.status === 'rejected')) {
    // fetch says so when the server is gone; anything else is a fault of the server or of this program.
    if (!(reason instanceof TypeError)) throw reason;
  }
}

async function forEver(work: (round: number) => Promise<void>): Promise<never> {
  for (let round = 0; ; round += 1) await work(round);
}

async function onboard(url: string, trader: StarkTrader): Promise<void> {
  const { account } = trader;
  await change({ account, action: 'account.onboarded', id: account }, () =>
    call(url, 'POST', '/v1/onboarding', {
      headers: onboardingHeaders(hasher, trader.key, account),
      body: { public_key: trader.key.publicKey },
    }),
  );
}

async function manageTokens(owner: Owner, round: number): Promise<void> {
  const { url, account, session } = owner;
  const kept = await createToken(owner, `kept ${round}`);
  const gone = await createToken(owner, `gone ${round}`);
  const allowedCidrs = ['127.0.0.0/8', `10.0.${round % 256}.0/24`];
  await change({ account, action: 'token.allowlist_replaced', id: kept, allowedCidrs }, () =>
    call(url, 'PUT', `/v1/account/tokens/${kept}/allowed-cidrs`, {
      bearer: session,
      body: { allowed_cidrs: allowedCidrs },
    }),
  );
  await change({ account, action: 'token.revoked', id: gone }, () =>
    call(url, 'DELETE', `/v1/account/tokens/${gone}`, { bearer: session }),
  );
}

async function createToken({ url, account, session }: Owner, name: string): Promise<string> {
  const work = { account, action: 'token.created', id: '', name } as const;
  const { json } = await change(
    work,
    () => call(url, 'POST', '/v1/account/tokens', { bearer: session, body: { name } }),
    (answer) => ({ ...work, id: answer.json.api_token.lookup_id }),
  );
  const id: string = json.api_token.lookup_id;
  say({ kind: 'bearer', account, id, bearer: json.token });
  return id;
}

async function manageSubkey({ url, trader, account, session }: Owner, round: number): Promise<void> {
  const subkey = createStarkKey(randomStarkPrivateKey());
  const id = subkey.publicKey;
  const path = `/v1/account/keys/subkeys/${id}`;
  await change({ account, action: 'subkey.registered', id, name: 'bot' }, () =>
    call(url, 'POST', '/v1/account/keys/subkeys', {
      bearer: session,
      body: {
        name: 'bot',
        public_key: id,
        ...registrationProof(curve, trader.key, account, id, newWindow()),
      },
    }),
  );
  say({ kind: 'bearer', account, id, bearer: await subkeySession(url, account, subkey) });
  const name = `bot ${round}`;
  await change({ account, action: 'subkey.renamed', id, name }, () =>
    call(url, 'PUT', path, { bearer: session, body: { name } }),
  );
  const allowedCidrs = ['127.0.0.1/32', `192.0.${round % 256}.0/24`];
  await change({ account, action: 'subkey.allowlist_replaced', id, allowedCidrs }, () =>
    call(url, 'PUT', `${path}/allowed-cidrs`, { bearer: session, body: { allowed_cidrs: allowedCidrs } }),
  );
  if (round % 2 === 1) return;
  await change({ account, action: 'subkey.revoked', id }, () => call(url, 'DELETE', path, { bearer: session }));
}

/** Nothing is said to be acknowledged before the whole answer has arrived. */
async function change(
  work: WriterWork,
  request: () => Promise<Answer>,
  answered: (answer: Answer) => WriterWork = () => work,
): Promise<Answer> {
  const ask = randomUUID();
  say({ kind: 'asks', ask, work });

  const answer = await request();
  if (answer.status >= 300) throw new Error(`${work.action}: ${answer.status} ${answer.text}`);
  const requestId = answer.headers.get('Countersign-Request-Id');
  if (requestId === null) throw new Error('the answer has no request id');
  say({ kind: 'acknowledged', ask, work: answered(answer), requestId });
  return answer;
}

function say(line: WriterLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

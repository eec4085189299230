// Every kind of bearer that a request may come with, made on demand, each of an account of its own.
import { createServer, type Server } from 'node:http';
import {
  call,
  createToken,
  hasher,
  loginHeaders,
  mainSession,
  newWindow,
  onboard,
  onboardWallet,
  registerSubkey,
  starkTrader,
  subkeySession,
  walletSession,
  walletTrader,
} from '../support/trader.ts';

export interface Bearer {
  /** Null: nobody. */
  readonly jwt: string | null;
  /** Things that its account has, by the name of the path parameter that names them. */
  readonly named: Readonly<Record<string, string>>;
}

const nobody: Bearer = { jwt: null, named: {} };

async function newOwner(url: string) {
  const trader = starkTrader();
  await onboard(url, trader);
  const session = await mainSession(url, trader);
  const subkey = await registerSubkey(url, trader, session);
  const token = await createToken(url, session);
  return { trader, session, subkey, token, named: { public_key: subkey.publicKey, lookup_id: token.lookupId } };
}

async function mustAnswer(answering: Promise<Awaited<ReturnType<typeof call>>>) {
  const answer = await answering;
  if (answer.status !== 200) throw new Error(`a bearer was not given: ${answer.status} ${answer.text}`);
  return answer;
}

async function interactiveSession(url: string, trader: ReturnType<typeof starkTrader>): Promise<string> {
  const headers = loginHeaders(hasher, trader.key, trader.account, newWindow());
  const answer = await mustAnswer(call(url, 'POST', '/v1/auth?token_usage=interactive', { headers }));
  return String(answer.json.jwt_token);
}

/** By name: how one is made at the server at `url`. The last three are refused everywhere but where nobody is asked for one. */
export const bearers: Readonly<Record<string, (url: string) => Promise<Bearer>>> = {
  async main(url) {
    const { session, named } = await newOwner(url);
    return { jwt: session, named };
  },
  async subkey(url) {
    const { trader, subkey, named } = await newOwner(url);
    return { jwt: await subkeySession(url, trader.account, subkey), named };
  },
  async token(url) {
    const { token, named } = await newOwner(url);
    return { jwt: token.token, named };
  },
  async interactive(url) {
    const { trader, named } = await newOwner(url);
    return { jwt: await interactiveSession(url, trader), named };
  },
  async wallet(url) {
    const trader = walletTrader();
    await onboardWallet(url, trader);
    const session = await walletSession(url, trader);
    const token = await createToken(url, session);
    return { jwt: session, named: { lookup_id: token.lookupId } };
  },
  nobody: async () => nobody,
  async terminal(url) {
    const { trader, named } = await newOwner(url);
    const bearer = await interactiveSession(url, trader);
    const answer = await mustAnswer(call(url, 'POST', '/v1/account/terminal-token', { bearer }));
    return { jwt: String(answer.json.jwt_token), named };
  },
  async revoked(url) {
    const { trader, session, subkey, named } = await newOwner(url);
    const jwt = await subkeySession(url, trader.account, subkey);
    await mustAnswer(call(url, 'DELETE', `/v1/account/keys/subkeys/${subkey.publicKey}`, { bearer: session }));
    return { jwt, named };
  },
};

/** Kinds whose bearers are alive, and must still be at the end of a run. */
export const aliveKinds = ['main', 'subkey', 'token', 'interactive', 'wallet'] as const;

export interface BearerSource {
  readonly url: string;
  /** The latest of each kind that was asked for to be kept. */
  readonly kept: ReadonlyMap<string, Bearer>;
  close(): void;
}

/** Answers `GET /kept/KIND` and `GET /thrown-away/KIND` with a new bearer of the server at `url`, as JSON. */
export async function serveBearers(url: string): Promise<BearerSource> {
  const kept = new Map<string, Bearer>();
  const server: Server = createServer((request, response) => {
    const [, purpose = '', kind = ''] = (request.url ?? '').split('/');
    const make = bearers[kind];
    if (make === undefined) {
      response.writeHead(404).end();
      return;
    }
    make(url).then(
      (bearer) => {
        if (purpose === 'kept') kept.set(kind, bearer);
        response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(bearer));
      },
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return { url: `http://127.0.0.1:${port}`, kept, close: () => server.close() };
}

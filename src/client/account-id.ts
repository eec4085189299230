// The account of a proof, as its owner writes it or as the server knows it.
import type { AccountId } from '../domain/credential.ts';
import { parseFelt } from '../domain/felt.ts';
import type { Server } from './call.ts';
import { notCountersign } from './not-countersign.ts';

/** TypeError for what is no account address. */
export function accountOf(text: string): AccountId {
  const account = parseFelt(text);
  if (account === undefined) throw new TypeError('not an account: 0x hex, as the venue shows it');
  return account;
}

/** The account that belongs to a main key or a wallet, known to the server or not. */
export async function lookedUp(server: Server, query: Readonly<Record<string, string>>): Promise<AccountId> {
  const { body, status, requestId } = await server.call<{ readonly address?: unknown } | undefined>({
    method: 'GET',
    path: '/v1/onboarding',
    query,
  });
  const account = typeof body?.address === 'string' ? parseFelt(body.address) : undefined;
  if (account !== undefined) return account;
  return notCountersign({ status, requestId }, 'the server does not say which account belongs to this key');
}

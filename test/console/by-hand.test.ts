// What somebody could do who sits in the page, with the key of the device that lies there: nothing that makes or widens, and no proof twice.
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createStarkKey } from '../../src/client/stark-key.ts';
import { chromiumFile, chromiumNeeded } from '../support/chromium.ts';
import { type OpenConsole, openConsole, type Visit } from '../support/console/open-console.ts';

const GIVEN = 120_000;

/** The key is used where it lies, as the page itself uses it: it cannot be taken out. */
const HAND = `globalThis.hand = (() => {
  const base64url = (bytes) => btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  const part = (value) => base64url(new TextEncoder().encode(JSON.stringify(value)));
  const answerOf = async (asked) => {
    const answer = await asked;
    const body = await answer.text();
    return { status: answer.status, error: /"error":"([A-Z_]+)"/.exec(body)?.[1], bearer: /"jwt_token":"([^"]+)"/.exec(body)?.[1] };
  };
  const record = () => new Promise((resolve, reject) => {
    const opening = indexedDB.open('countersign', 1);
    opening.onerror = reject;
    opening.onsuccess = () => {
      const asked = opening.result.transaction('device').objectStore('device').get('this');
      asked.onsuccess = () => { opening.result.close(); resolve(asked.result); };
    };
  });
  const pathOf = (id) => '/countersign/v1/devices/' + id + '/session';
  return {
    record,
    isExportable: async () => {
      const { key } = await record();
      return crypto.subtle.exportKey('pkcs8', key.privateKey).then(() => true, () => false);
    },
    /** Of the device's own key, or of another; for its own path, or for another. */
    async proof({ otherKey = false, path, htm = 'POST' } = {}) {
      const { id, key } = await record();
      let { privateKey, public_key: { kty, crv, x, y } } = key;
      if (otherKey) {
        const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']);
        ({ kty, crv, x, y } = await crypto.subtle.exportKey('jwk', pair.publicKey));
        privateKey = pair.privateKey;
      }
      const jti = base64url(crypto.getRandomValues(new Uint8Array(24)));
      const claims = { jti, htm, htu: location.origin + (path ?? pathOf(id)), iat: Math.floor(Date.now() / 1000) };
      const signed = part({ typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y } }) + '.' + part(claims);
      const bytes = new TextEncoder().encode(signed);
      return signed + '.' + base64url(new Uint8Array(await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, privateKey, bytes)));
    },
    async session(DPoP, of) {
      return answerOf(fetch(pathOf(of ?? (await record()).id), { method: 'POST', headers: { DPoP } }));
    },
    ask: (bearer, method, path, body) => answerOf(fetch(path, {
      method,
      headers: { Authorization: 'Bearer ' + bearer, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })),
  };
})();`;

interface Answered {
  readonly status: number;
  readonly error?: string;
  readonly bearer?: string;
}

describe.skipIf(chromiumFile === undefined)(`the device of a browser, used by hand${chromiumNeeded}`, () => {
  let opened: OpenConsole;
  beforeAll(async () => {
    opened = await openConsole();
  }, GIVEN);
  afterAll(() => opened?.close());

  async function withHand(): Promise<Visit> {
    const visit = await opened.visit({ path: '/console/keys/read-only' });
    await visit.page.evaluate(HAND);
    return visit;
  }
  const hand = <T>(page: Page, call: string): Promise<T> => page.evaluate<T>(`hand.${call}`);

  test('sees and ends, and is refused a wider list, a token, a subkey without its signature, another device and the venue', async () => {
    const { page, owner, deviceId } = await withHand();
    const { tokens, subkeys, devices } = owner.client;
    const token = (await tokens.create({ name: 'dashboard', allowed_cidrs: ['203.0.113.0/24'] })).value.api_token;
    const made = (await subkeys.create({ name: 'bot', allowed_cidrs: ['203.0.113.0/24'] })).value.subkey;
    expect(await hand(page, 'isExportable()')).toBe(false);
    const { bearer } = await hand<Answered>(page, 'proof().then((proof) => hand.session(proof))');
    const ask = (method: string, path: string, body?: object): Promise<Answered> =>
      hand(page, `ask(...${JSON.stringify([bearer, method, path, ...(body === undefined ? [] : [body])])})`);

    const another = createStarkKey(`0x${'5'.repeat(63)}`).publicKey;
    const key = { kty: 'EC', crv: 'P-256', x: 'A'.repeat(43), y: 'A'.repeat(43) };
    const tokenPath = `/v1/account/tokens/${token.lookup_id}`;
    const subkeyPath = `/v1/account/keys/subkeys/${made.public_key}`;
    const now = Math.floor(Date.now() / 1000);
    const forged = { signature: ['1', '2'], signature_timestamp: now, signature_expiry: now + 300 };
    const tries: readonly (readonly [string, string, object?])[] = [
      ['PUT', `${tokenPath}/allowed-cidrs`, { allowed_cidrs: [] }],
      ['PUT', `${tokenPath}/allowed-cidrs`, { allowed_cidrs: ['203.0.113.0/24', '198.51.100.4'] }],
      ['PUT', `${subkeyPath}/allowed-cidrs`, { allowed_cidrs: ['0.0.0.0/0'] }],
      ['POST', '/v1/account/tokens', { name: 'by hand' }],
      ['POST', `/countersign/v1/tokens/${token.lookup_id}/rotate`, {}],
      ['POST', '/v1/account/keys/subkeys', { name: 'by hand', public_key: another }],
      ['POST', '/v1/account/keys/subkeys', { name: 'by hand', public_key: another, ...forged }],
      ['POST', '/countersign/v1/devices', { name: 'by hand', public_key: key }],
      ['GET', '/v1/balance'],
      ['DELETE', '/v1/orders'],
    ];
    for (const [method, path, body] of tries)
      expect((await ask(method, path, body)).status, `${method} ${path}`).toBe(403);

    const registers = (signature: object) =>
      ask('POST', '/countersign/v1/subkeys', { name: 'by hand', public_key: another, ...signature });
    expect(await registers({})).toMatchObject({ status: 400, error: 'INVALID_REQUEST_PARAMETER' });
    expect(await registers(forged)).toMatchObject({ status: 401, error: 'STARKNET_SIGNATURE_VERIFICATION_FAILED' });

    expect((await tokens.get(token.lookup_id)).allowed_cidrs).toEqual(['203.0.113.0/24']);
    expect((await subkeys.get(made.public_key)).allowed_cidrs).toEqual(['203.0.113.0/24']);
    expect((await tokens.list({ ended: true }).page()).results).toHaveLength(1);
    expect((await subkeys.list({ ended: true }).page()).results).toHaveLength(1);
    expect((await devices.list({ ended: true }).page()).results.map(({ id }) => id)).toEqual([deviceId]);

    const narrower = { allowed_cidrs: ['203.0.113.7'] };
    expect((await ask('GET', '/countersign/v1/self')).status).toBe(200);
    expect((await ask('PUT', `${tokenPath}/allowed-cidrs`, narrower)).status).toBe(200);
    expect((await ask('DELETE', subkeyPath)).status).toBe(200);
    expect((await subkeys.get(made.public_key)).state).toBe('revoked');
  });

  test('opens one session by one proof, and none by a proof for another path, another method, another device or of another key', async () => {
    const visit = await withHand();
    const { page } = visit;
    const other = await opened.visit({ owner: visit.owner });
    const proof = await hand<string>(page, 'proof()');
    const opens = (text: string, of?: string): Promise<Answered> =>
      hand(page, `session(...${JSON.stringify(of === undefined ? [text] : [text, of])})`);
    const isRefused = async (answer: Promise<Answered>) =>
      expect(await answer).toEqual({ status: 401, error: 'UNAUTHORIZED_ERROR' });

    await isRefused(opens(await hand<string>(page, "proof({ path: '/countersign/v1/devices' })")));
    await isRefused(opens(await hand<string>(page, "proof({ path: '/v1/auth' })")));
    await isRefused(opens(await hand<string>(page, "proof({ htm: 'GET' })")));
    await isRefused(opens(await hand<string>(page, 'proof({ otherKey: true })')));
    await isRefused(opens(proof, other.deviceId));
    expect((await opens(proof)).status).toBe(200);
    await isRefused(opens(proof));
    expect((await opens(await hand<string>(page, 'proof()'))).status).toBe(200);
  });
});

// Who holds a device, or only saw what one sent: other spellings of a proof, other doors, and races against what ends it.
import { randomUUID } from 'node:crypto';
import { builtInTable } from '../../src/access/own-routes.ts';
import { registrationProof } from '../../src/client/sign-in.ts';
import { createStarkKey, randomStarkPrivateKey } from '../../src/client/stark-key.ts';
import { curve } from '../support/curve.ts';
import { addDevice, deviceProof, sessionPath, type TestDevice } from '../support/devices.ts';
import { exchange } from '../support/raw-http.ts';
import { call } from '../support/trader.ts';
import type { Owner } from './owner.ts';
import type { Tally } from './tally.ts';
import type { Target } from './target.ts';

const TOKENS = '/v1/account/tokens';
const clock = { seconds: () => Math.floor(Date.now() / 1000) };
const worldOf = ({ url }: Target) => ({ url, clock }) as Parameters<typeof deviceProof>[0];
const proofOf = (target: Target, device: TestDevice, claims: Record<string, unknown> = {}): string =>
  deviceProof(worldOf(target), device, { claims });

const open = (target: Target, device: TestDevice, proof: string) =>
  call(target.url, 'POST', sessionPath(device), { headers: { DPoP: proof } });

async function sessionOf(target: Target, device: TestDevice): Promise<string> {
  const { json, status, text } = await open(target, device, proofOf(target, device));
  if (status !== 200) throw new Error(`session of a device: ${status} ${text}`);
  return String(json.jwt_token);
}

const REPEATS = 50;

/** A proof opens one session of one device at one address, however it is spelled, and however often it comes at once. */
export async function attackProofs(target: Target, owner: Owner, tally: Tally): Promise<void> {
  const [device, other] = [await addDevice(target, owner), await addDevice(target, owner)];
  const path = sessionPath(device);
  const { host, port } = target;
  const elsewhere = [
    `http://${host}:${port}${path}/`,
    `http://${host}:${port}/${path}`,
    `http://${host}:${port}${path}?x`,
    `http://${host}:${port}${path}#x`,
    `http://${host}:${port}${path.replace('_', '%5F')}`,
    `http://${host}:${port}/a/..${path}`,
    `http://${host}.:${port}${path}`,
    `http://${host}:0${port}${path}`,
    `http://${host}:${port + 1}${path}`,
    `http://${host}${path}`,
    `http://u@${host}:${port}${path}`,
    `ftp://${host}:${port}${path}`,
    `http://[::ffff:127.0.0.1]:${port}${path}`,
    ` http://${host}:${port}${path}`,
    `http://${host}:${port}${sessionPath(other)}`,
  ];
  for (const htu of elsewhere) {
    const { status } = await open(target, device, proofOf(target, device, { htu }));
    tally.tried(status === 401, () => `a proof for ${htu}: ${status}`);
  }
  const proof = proofOf(target, device);
  const [header = '', claims = '', signature = ''] = proof.split('.');
  const spellings = [
    `${proof}=`,
    `${proof}.`,
    `${proof}.x`,
    `${header}..${signature}`,
    `${header}.${claims}.`,
    `${header}.${claims}.${Buffer.alloc(64).toString('base64url')}`,
    `${claims}.${header}.${signature}`,
    `${proof}, ${proof}`,
    `DPoP ${proof}`,
    'x'.repeat(2_000),
  ];
  for (const text of spellings) {
    const { status } = await open(target, device, text);
    tally.tried(status === 401, () => `another spelling of a proof: ${status}`);
  }
  const foreign = await open(target, other, proof);
  tally.tried(foreign.status === 401, () => `the proof of another device: ${foreign.status}`);
  const atOnce = await Promise.all(Array.from({ length: REPEATS }, () => open(target, device, proof)));
  const opened = atOnce.filter(({ status }) => status === 200).length;
  tally.tried(opened === 1, () => `${opened} sessions of one proof`);
  const bearer = await sessionOf(target, device);
  for (const headers of [{ Authorization: `DPoP ${bearer}` }, { DPoP: bearer }, { Authorization: `Bearer ${proof}` }]) {
    const { status } = await call(target.url, 'GET', '/countersign/v1/self', { headers: { ...headers } });
    tally.tried(status === 401, () => `a session or proof in another place: ${status}`);
  }
  const line = (version: string, given: string) => `POST ${given} HTTP/${version}\r\n`;
  const requests: readonly [string, string][] = [
    ['a Host twice', `${line('1.1', path)}Host: ${host}:${port}\r\nHost: a.example\r\n`],
    ['no Host', line('1.0', path)],
    ['a target in absolute form', `${line('1.1', `http://${host}:${port}${path}`)}Host: ${host}:${port}\r\n`],
    ['another Host', `${line('1.1', path)}Host: a.example\r\n`],
  ];
  for (const [what, head] of requests) {
    const fresh = proofOf(target, device);
    const rest = `DPoP: ${fresh}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`;
    const { status } = await exchange(port, `${head}${rest}`);
    tally.tried(status >= 400 && status < 500, () => `${what}: ${status}`);
  }
}

/** Every row of the table: what a device does not hold is refused, and the venue never hears of it. */
export async function attackDoors(target: Target, owner: Owner, tally: Tally): Promise<void> {
  const bearer = await sessionOf(target, await addDevice(target, owner));
  target.own?.venue.takeArrived();
  const held = new Set(['self:read', 'keys:read', 'audit:read', 'keys:narrow', 'possession', 'public', 'self-signed']);
  for (const { method, path, access, servedBy } of builtInTable.routes) {
    if (held.has(access)) continue;
    const at = path.replaceAll(/\{\w+\}/g, '1');
    for (const asked of method === 'GET' ? ['GET', 'HEAD'] : [method]) {
      const { status } = await call(target.url, asked, at, {
        bearer,
        ...(asked === method && method !== 'GET' ? { body: {} } : {}),
      });
      tally.tried(
        status === (asked === 'HEAD' && servedBy === 'venue' ? 405 : 403),
        () => `${asked} ${path} by a device: ${status}`,
      );
    }
  }
  const told = target.own?.venue.takeArrived() ?? [];
  tally.tried(told.length === 0, () => `the venue got ${told.length} requests of a device`);
}

/** Who has a device and saw a registration before: no other member of it makes another subkey, nor the same one once it is revoked. */
export async function attackRegistrations(target: Target, owner: Owner, tally: Tally): Promise<void> {
  const bearer = await sessionOf(target, await addDevice(target, owner));
  const [subkey, waiting] = [createStarkKey(randomStarkPrivateKey()), createStarkKey(randomStarkPrivateKey())];
  const proof = registrationProof(curve, owner.key, owner.account, subkey.publicKey, owner.newWindow());
  const seen = { name: 'attack', public_key: subkey.publicKey, allowed_cidrs: ['203.0.113.7/32'], ...proof };
  const register = (body: Record<string, unknown>) =>
    call(target.url, 'POST', '/countersign/v1/subkeys', { bearer, body });
  const made = await register(seen);
  tally.tried(made.status === 201, () => `a registration by a device: ${made.status} ${made.text}`);
  const changes: readonly Record<string, unknown>[] = [
    { allowed_cidrs: [] },
    { allowed_cidrs: ['0.0.0.0/0', '::/0'] },
    { name: 'other' },
    { expires_in: 86_400 },
    { public_key: waiting.publicKey },
    { state: 'pending', encrypted_key: 'x', eph_public_key: waiting.publicKey },
    { signature_expiry: Number(proof.signature_expiry) + 1 },
    { signature_timestamp: Number(proof.signature_timestamp) - 1 },
  ];
  const tryAll = async (when: string) => {
    for (const change of changes) {
      const { status } = await register({ ...seen, ...change });
      tally.tried(status >= 400 && status < 500, () => `${when}, with ${Object.keys(change)[0]} changed: ${status}`);
    }
  };
  await tryAll('while it lives');
  const path = `/v1/account/keys/subkeys/${subkey.publicKey}`;
  const wider = await call(target.url, 'PUT', `${path}/allowed-cidrs`, { bearer, body: { allowed_cidrs: [] } });
  tally.tried(wider.status === 403, () => `a wider list by a device: ${wider.status}`);
  await call(target.url, 'DELETE', path, { bearer });
  await tryAll('when it is revoked');
  const again = await register(seen);
  tally.tried(again.status >= 400, () => `the same registration when its subkey is revoked: ${again.status}`);
}

const ROUNDS = 8;

/** Revoke-all in the middle of rotations, creations, sign-ins and sessions: what answered before or after it, nothing lives. */
export async function attackEndingsOfAll(target: Target, newOwner: () => Promise<Owner>, tally: Tally): Promise<void> {
  const { url } = target;
  for (let round = 0; round < ROUNDS; round += 1) {
    const owner = await newOwner();
    const { session } = owner;
    const device = await addDevice(target, owner);
    const ofDevice = await sessionOf(target, device);
    const first = await call(url, 'POST', TOKENS, { bearer: session, body: { name: 't' } });
    const rotate = `/countersign/v1/tokens/${first.json.api_token.lookup_id}/rotate`;
    const subkey = createStarkKey(randomStarkPrivateKey());
    const blessed = registrationProof(curve, owner.key, owner.account, subkey.publicKey, owner.newWindow());
    const presser = round % 2 === 0 ? session : ofDevice;
    const [rotated, token, added, opened, , ended] = await Promise.all([
      call(url, 'POST', rotate, { bearer: session, body: { overlap_seconds: round % 4 < 2 ? 0 : 600 } }),
      call(url, 'POST', TOKENS, { bearer: session, body: { name: 'u' } }),
      addDevice(target, owner).catch(() => undefined),
      open(target, device, proofOf(target, device, { jti: randomUUID() })),
      call(url, 'POST', '/countersign/v1/subkeys', {
        bearer: ofDevice,
        body: { name: 's', public_key: subkey.publicKey, ...blessed },
      }),
      call(url, 'POST', '/countersign/v1/revoke-all', { bearer: presser, body: {} }),
    ]);
    tally.tried(ended.status === 200, () => `revoke-all: ${ended.status} ${ended.text}`);
    const bearers = [
      session,
      ofDevice,
      first.json.token,
      rotated.json?.token,
      token.json?.token,
      opened.json?.jwt_token,
    ];
    for (const bearer of bearers.filter((one) => typeof one === 'string')) {
      const { status } = await call(url, 'GET', '/countersign/v1/self', { bearer });
      tally.tried(status === 401, () => `a bearer after revoke-all: ${status}`);
    }
    for (const one of [device, added]) {
      if (one === undefined) continue;
      const { status } = await open(target, one, proofOf(target, one));
      tally.tried(status === 401, () => `a session of a device after revoke-all: ${status}`);
    }
    const login = await owner.logIn(subkey);
    tally.tried(login.status >= 400, () => `a login of a subkey after revoke-all: ${login.status}`);
  }
}

// What a session of a device asks for beside the rows of the route table that it may: other methods, override headers, other spellings of a
// path. It is refused, reaches no venue, and changes nothing.
import { afterAll, beforeAll, expect, test } from 'vitest';
import table from '../../src/access/routes/paradex.json' with { type: 'json' };
import { addDevice, DEVICES, deviceSession, newDeviceKey } from '../support/devices.ts';
import { sendRaw } from '../support/raw-http.ts';
import { call, createToken } from '../support/trader.ts';
import {
  addSubkey,
  changesNothing,
  newOwner,
  newStarkKey,
  type Owner,
  registrationBody,
  startWorld,
  stateOf,
  type World,
} from '../support/world.ts';

let world: World;
let owner: Owner;
let bearer: string;
/** Of live credentials, so that whatever is let through changes something. */
let live: Readonly<Record<string, string>>;
let bodies: readonly unknown[];
beforeAll(async () => {
  world = await startWorld();
  owner = await newOwner(world);
  const subkey = await addSubkey(world, owner);
  const token = await createToken(world.url, owner.session, { allowed_cidrs: ['127.0.0.0/8'] });
  const other = await addDevice(world, owner);
  bearer = await deviceSession(world, await addDevice(world, owner));
  live = { lookup_id: token.lookupId, token_id: token.lookupId, public_key: subkey.publicKey, id: other.id };
  bodies = [
    { name: 'wide', public_key: newDeviceKey().publicKey, allowed_cidrs: [] },
    registrationBody(world, owner, newStarkKey()),
  ];
});
afterAll(() => world.stop());

const pathOf = (pattern: string): string =>
  pattern.replaceAll(/\{([a-z_]+)\}/g, (_, name: string) => live[name] ?? 'x-1');

async function send(method: string, target: string, headers: readonly string[] = [], body?: unknown): Promise<number> {
  const text = body === undefined ? '' : JSON.stringify(body);
  const head = [
    `${method} ${target} HTTP/1.1`,
    `Host: 127.0.0.1:${world.port}`,
    `Authorization: Bearer ${bearer}`,
    'Content-Type: application/json',
    `Content-Length: ${text.length}`,
    'Connection: close',
    ...headers,
  ];
  return (await sendRaw(world.port, `${head.join('\r\n')}\r\n\r\n${text}`)).status;
}

/** Asserts that what the account has, its devices included, is afterwards as it was, and that the venue heard of nothing. */
async function leavesAll(work: () => Promise<void>): Promise<void> {
  const devices = async () => {
    const { json } = await call(world.url, 'GET', `${DEVICES}?with_ended=true`, { bearer: owner.session });
    return json.results.map(({ id, state }: Record<string, string>) => `${id} ${state}`);
  };
  const [before, asked] = [await devices(), world.service.venue.total()];
  await changesNothing(world, owner.session, work);
  expect(await devices()).toEqual(before);
  expect(world.service.venue.total()).toBe(asked);
  expect(await stateOf(world, bearer)).toBe('alive');
}

const mayAsk: ReadonlySet<string> = new Set(['self:read', 'keys:read', 'audit:read', 'keys:narrow']);
/** For anybody, or for whoever holds it: what a device may there is told in devices.test.ts and devices-endings.test.ts. */
const forAll: ReadonlySet<string> = new Set(['public', 'self-signed', 'possession', 'proof']);
const rows = table.routes.map(({ method, path, access }) => ({ method, path, access }));
const accessOf = new Map(rows.map(({ method, path, access }) => [`${method} ${path}`, access]));
const reads = rows.filter(({ method, access }) => method === 'GET' && mayAsk.has(access));
const beyond = rows.filter(({ access }) => !mayAsk.has(access) && !forAll.has(access));

test('a method that no row has for a path, or a row beyond a device, is refused to it over every path of the table, HEAD as GET', async () => {
  await leavesAll(async () => {
    const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY', 'TRACE', 'get', 'Post'];
    for (const path of new Set(rows.map((row) => row.path))) {
      for (const method of methods) {
        const access = accessOf.get(`${method === 'HEAD' ? 'GET' : method} ${path}`);
        if (access !== undefined && (mayAsk.has(access) || forAll.has(access))) continue;
        const sent = path.includes('subkeys') ? bodies : bodies.slice(0, 1);
        for (const body of method === 'HEAD' || method === 'GET' ? [undefined] : sent) {
          const status = await send(method, pathOf(path), [], body);
          expect([400, 401, 403, 404, 405, 501], `${method} ${path}: ${status}`).toContain(status);
        }
      }
    }
  });
});

test('no header and no query makes another method of what a device may read, nor a reading of what it may not do', async () => {
  expect(reads.length).toBeGreaterThan(7);
  await leavesAll(async () => {
    const names = ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override', '_method'];
    for (const name of names) {
      for (const { path } of reads) {
        for (const method of ['POST', 'PUT', 'DELETE']) {
          const plain = await send('GET', pathOf(path));
          expect(await send('GET', pathOf(path), [`${name}: ${method}`]), path).toBe(plain);
          const withBody = await send('GET', pathOf(path), [`${name}: ${method}`], bodies[0]);
          expect([plain, 400], path).toContain(withBody);
          const asked = await send('GET', `${pathOf(path)}?${name}=${method}`, [], bodies[0]);
          expect([plain, 400], path).toContain(asked);
        }
      }
      for (const { method, path } of beyond) {
        const status = await send(method, pathOf(path), [`${name}: GET`], method === 'GET' ? undefined : bodies[0]);
        expect(status, `${method} ${path}`).toBe(403);
      }
    }
  });
});

test('no other spelling of a path opens to a device what lies beyond it', async () => {
  const spellings: readonly ((path: string) => string)[] = [
    (path) => path.toUpperCase(),
    (path) => path.replace(/[^/]+$/, (last) => `${last.slice(0, 1).toUpperCase()}${last.slice(1)}`),
    (path) => `${path}/`,
    (path) => `/${path}`,
    (path) => path.replace(/\/(?=[^/]*$)/, '//'),
    (path) => path.replace(/\/(?=[^/]*$)/, '/./'),
    (path) => path.replace(/\/(?=[^/]*$)/, '/x/../'),
    (path) => `/countersign/v1/self/..${path.replace('/countersign/v1', '')}`,
    (path) => `/countersign/v1/self/%2e%2e/..${path}`,
    (path) => path.replace(/[a-z](?=[^/]*$)/, (letter) => `%${letter.charCodeAt(0).toString(16)}`),
    (path) => path.replace(/\/(?=[^/]*$)/, '%2f'),
    (path) => path.replace(/\/(?=[^/]*$)/, '\\'),
    (path) => `${path};v=1`,
    (path) => `${path}%00`,
    (path) => `${path}%20`,
    (path) => `${path}?x=1`,
    (path) => `${path}.json`,
    (path) => `http://127.0.0.1:${world.port}${path}`,
    (path) => `http://evil.example${path}`,
  ];
  await leavesAll(async () => {
    for (const { method, path } of beyond) {
      for (const spelt of spellings) {
        const target = spelt(pathOf(path));
        const status = await send(method, target, [], method === 'GET' ? undefined : bodies[0]);
        expect([400, 401, 403, 404, 405, 421], `${method} ${target}: ${status}`).toContain(status);
      }
    }
  });
});

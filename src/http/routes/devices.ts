// /countersign/v1/devices: browsers and command lines of the owner (docs/wire.md section 19).
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance, FastifySchema } from 'fastify';
import type { ManageDevices } from '../../credentials/manage-devices.ts';
import type { OpenDeviceSession } from '../../credentials/open-device-session.ts';
import { refOfDevice } from '../../domain/device.ts';
import { type Clock, nanosOfSeconds } from '../../domain/time.ts';
import { NEVER_USED } from '../../domain/use.ts';
import { ApiError } from '../../errors.ts';
import { readDeviceKey } from '../../jwt/dpop.ts';
import type { Store } from '../../store/store.ts';
import type { UsageReads } from '../../usage/reads.ts';
import {
  AddDeviceBody,
  DeviceListQuery,
  DeviceListWire,
  DeviceParams,
  DeviceSessionWire,
  DeviceWire,
  deviceToWire,
  EndedDeviceWire,
  ProofHeaders,
} from '../../wire/devices.ts';
import { REVOCATION_HEADER, receiptToWire } from '../../wire/receipt.ts';
import { callerOf, contextOf, originOf } from '../context.ts';
import { optionalHeader, pathParam, readFlag, readName, readPage } from '../kit/read.ts';

const list = '/countersign/v1/devices';
const one = `${list}/:id`;

export interface DeviceRouteDeps {
  readonly store: Pick<Store, 'devices'>;
  readonly manage: ManageDevices;
  readonly openSession: OpenDeviceSession;
  readonly clock: Clock;
}

const ofAll = { tags: ['Devices'], 'x-extension': true } as const;
const listSchema = {
  ...ofAll,
  summary: 'List devices: where the owner is signed in',
  querystring: DeviceListQuery,
  response: { 200: DeviceListWire },
  errors: ['INVALID_REQUEST_PARAMETER'],
} as const satisfies FastifySchema;
const addSchema = {
  ...ofAll,
  summary: 'Sign in a device: a key that may see and end, and never make, widen or trade',
  description:
    'The device lives no longer than what ends the session that makes it: signing out everywhere, revoking all, a leak report of that session.',
  body: AddDeviceBody,
  response: { 201: DeviceWire },
  errors: ['VALIDATION_ERROR'],
} as const satisfies FastifySchema;
const endSchema = {
  ...ofAll,
  summary: 'Sign out a device: it and its sessions are dead before the answer is sent',
  readByHandler: { params: DeviceParams },
  response: { 200: EndedDeviceWire },
  errors: ['NOT_FOUND'],
  receipt: true,
} as const satisfies FastifySchema;
const sessionSchema = {
  ...ofAll,
  summary: 'Open a session of a device, by a proof of its key',
  description:
    'Whatever is wrong but the time of the proof is one 401, "this device is not signed in here". The proof is good once. A body is ignored.',
  readByHandler: { params: DeviceParams, headers: ProofHeaders },
  response: { 200: DeviceSessionWire },
  errors: ['UNAUTHORIZED_ERROR', 'INVALID_TIMESTAMP'],
} as const satisfies FastifySchema;

export function registerDeviceRoutes(
  server: FastifyInstance,
  { store, manage, clock }: Omit<DeviceRouteDeps, 'openSession'>,
  usage: UsageReads,
): void {
  const app = server.withTypeProvider<TypeBoxTypeProvider>();

  app.get(list, { schema: listSchema }, async (request) => {
    const { account } = callerOf(request).principal.credential;
    const now = clock.latest();
    const filter = { withEnded: readFlag(request.query.with_ended), now };
    const page = await store.devices(account, filter, readPage('devices', request.query));
    const uses = await usage.lastUses(account, page.rows.map(refOfDevice));
    const results = page.rows.map((device, index) => deviceToWire(device, now, uses[index] ?? NEVER_USED));
    return { results, next: page.next ?? null };
  });

  app.post(list, { schema: addSchema }, async (request, reply) => {
    const { name, public_key, lifetime_seconds, idle_seconds } = request.body;
    const publicKey = readDeviceKey(public_key);
    if (publicKey === undefined) {
      throw new ApiError(
        'VALIDATION_ERROR',
        'public_key must be a point of P-256 as a JWK of exactly kty, crv, x and y, in base64url without padding',
      );
    }
    const device = await manage.add(callerOf(request), {
      name: readName(name),
      publicKey,
      lifetimeSeconds: lifetime_seconds,
      idleSeconds: idle_seconds,
    });
    reply.code(201);
    return deviceToWire(device, clock.latest(), NEVER_USED);
  });

  app.delete(one, { schema: endSchema }, async (request, reply) => {
    const id = pathParam(contextOf(request).params, 'id');
    const { result, receipt } = await manage.end(callerOf(request), id);
    reply.header(REVOCATION_HEADER, receiptToWire(receipt));
    return { id: result.deviceId };
  });
}

/** Where bodies are ignored, as those of other logins are. */
export function registerDeviceSessionRoute(app: FastifyInstance, openSession: OpenDeviceSession): void {
  app.post(`${one}/session`, { schema: sessionSchema }, async (request) => {
    const context = contextOf(request);
    const { params, clientIp, asker } = context;
    const deviceId = pathParam(params, 'id');
    const { jwt, expiresAt } = await openSession({
      deviceId,
      proof: optionalHeader(request.headers, 'DPoP') ?? '',
      host: request.headers.host,
      path: `${list}/${deviceId}/session`,
      ...originOf(context),
      clientIp,
      asker,
    });
    return { jwt_token: jwt, expires_at: nanosOfSeconds(expiresAt) };
  });
}

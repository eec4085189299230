// The wire form of devices (docs/wire.md section 19).
import Type, { type Static } from 'typebox';
import { type Device, deviceStateAt } from '../domain/device.ts';
import { DEFAULT_DEVICE_IDLE_SECONDS, MIN_DEVICE_IDLE_SECONDS, MIN_DEVICE_SECONDS } from '../domain/lifetimes.ts';
import type { UnixNanos } from '../domain/time.ts';
import type { LastUse } from '../domain/use.ts';
import {
  BigInteger,
  closed,
  described,
  lastUseMembers,
  NameText,
  NameWire,
  NextCursor,
  oneOf,
  open,
  pageMembers,
  SHOWN,
  UnixNanosWire,
} from './common.ts';
import { lastUseToWire } from './to-wire.ts';

const DeviceId = Type.String({ description: 'dev_ and letters and digits: the row id, as in the audit log.' });

export const DeviceWire = Type.Object(
  {
    id: DeviceId,
    name: NameWire,
    state: oneOf(['active', 'ended', 'expired']),
    created_at: UnixNanosWire,
    expires_at: UnixNanosWire,
    idle_seconds: Type.Integer({ format: 'int64', description: 'Without a session for so long, it is expired.' }),
    ...lastUseMembers,
    ended_at: described(BigInteger, 'Unix nanoseconds; 0 = not ended.'),
  },
  closed,
);
export type DeviceWire = Static<typeof DeviceWire>;

export const DeviceListWire = Type.Object({ results: Type.Array(DeviceWire), next: NextCursor }, closed);

export const DeviceListQuery = Type.Object(
  {
    with_ended: Type.Optional(Type.String({ description: 'true or 1: ended and expired devices too.' })),
    ...pageMembers,
  },
  open,
);

const seconds = (description: string, minimum: number) =>
  Type.Integer({ format: 'int64', [SHOWN]: { minimum }, description });
const coordinate = Type.String({
  [SHOWN]: { pattern: '^[A-Za-z0-9_-]{43}$' },
  description: '32 bytes in base64url without padding.',
});

export const AddDeviceBody = Type.Object(
  {
    name: NameText,
    // The handler reads it: another member, or another spelling, is another key.
    public_key: Type.Unsafe<unknown>({
      type: 'object',
      [SHOWN]: {
        required: ['kty', 'crv', 'x', 'y'],
        properties: {
          kty: { type: 'string', enum: ['EC'] },
          crv: { type: 'string', enum: ['P-256'] },
          x: coordinate,
          y: coordinate,
        },
        additionalProperties: false,
      },
      description: 'A P-256 public key as a JWK of exactly these four members, that no other live device has.',
    }),
    lifetime_seconds: Type.Optional(
      seconds('Life in seconds, 300 to devices.max_life, which is the default.', MIN_DEVICE_SECONDS),
    ),
    idle_seconds: Type.Optional(
      seconds(
        `Without a session for so long, it is over: 60 to its life; default ${DEFAULT_DEVICE_IDLE_SECONDS}, or its life if that is less.`,
        MIN_DEVICE_IDLE_SECONDS,
      ),
    ),
  },
  open,
);
export type AddDeviceBody = Static<typeof AddDeviceBody>;

export const DeviceParams = Type.Object({ id: DeviceId });
export const EndedDeviceWire = Type.Object({ id: DeviceId }, closed);

export const ProofHeaders = Type.Object({
  DPoP: Type.String({
    description:
      'RFC 9449 section 4.2: a compact JWS of at most 1024 bytes, header exactly typ dpop+jwt, alg ES256 and jwk (kty, crv, x, y), claims exactly jti (16 to 64 of A-Za-z0-9_-), htm POST, htu (the URL of this request), iat (unix seconds, at most 60 s old). Each opens one session.',
    maxLength: 1024,
  }),
});
export const DeviceSessionWire = Type.Object(
  {
    jwt_token: Type.String({ description: 'A session of 300 seconds, or less, to be sent as bearer.' }),
    expires_at: described(BigInteger, 'When it ends, in unix nanoseconds.'),
  },
  closed,
);

/** Usage is written later than the row, and may not be kept at all. */
const lastUseOf = ({ lastUsedAt, lastUsedIp }: Device, counted: LastUse): LastUse =>
  counted.lastAt >= lastUsedAt ? counted : { lastAt: lastUsedAt, lastIp: lastUsedIp };

export const deviceToWire = (device: Device, now: UnixNanos, used: LastUse): DeviceWire => ({
  id: device.deviceId,
  name: device.name,
  state: deviceStateAt(device, now),
  created_at: device.createdAt,
  expires_at: device.expiresAt,
  idle_seconds: device.idleSeconds,
  ...lastUseToWire(lastUseOf(device, used)),
  ended_at: device.endedAt,
});

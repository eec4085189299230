// The rows of devices. Each ending is one conditional UPDATE, and its row count is checked.
import { type Kysely, sql } from 'kysely';
import type { AccountId } from '../../domain/credential.ts';
import type { Device } from '../../domain/device.ts';
import { addSeconds, type UnixNanos, unixSeconds } from '../../domain/time.ts';
import type { DeviceLists, DeviceReads, DeviceWrites } from '../ports/devices.ts';
import { columnList } from './column-list.ts';
import { cursorOf, paged } from './pages.ts';
import type { Planner } from './planner.ts';
import { felt, integer, isOne, nanos } from './rows.ts';
import type { DeviceTable, Tables } from './tables.ts';

const columns = [
  'account_id',
  'device_id',
  'name',
  'thumbprint',
  'auth_time',
  'created_at',
  'expires_at',
  'idle_seconds',
  'idle_until',
  'last_used_at',
  'last_used_ip',
  'ended_at',
] as const;

type Row = Pick<DeviceTable, (typeof columns)[number]>;
const listed = columnList(columns);

/** The columns that an ending of many returns. */
const named = ['account_id', 'device_id', 'name'] as const;
export type NamedDeviceRow = Pick<DeviceTable, (typeof named)[number]>;

const deviceOf = (row: Row): Device => ({
  account: felt(row.account_id, 'device.account_id'),
  deviceId: row.device_id,
  name: row.name,
  thumbprint: row.thumbprint,
  authTime: unixSeconds(Number(integer(row.auth_time, 'device.auth_time'))),
  createdAt: nanos(row.created_at, 'device.created_at'),
  expiresAt: nanos(row.expires_at, 'device.expires_at'),
  idleSeconds: Number(integer(row.idle_seconds, 'device.idle_seconds')),
  idleUntil: nanos(row.idle_until, 'device.idle_until'),
  lastUsedAt: nanos(row.last_used_at, 'device.last_used_at'),
  lastUsedIp: row.last_used_ip,
  endedAt: nanos(row.ended_at, 'device.ended_at'),
});

export const deviceReads = (db: Kysely<Tables>): DeviceReads => ({
  async device(deviceId) {
    const { rows } = await sql<Row>`select ${listed} from device where device_id = ${deviceId}`.execute(db);
    return rows[0] && deviceOf(rows[0]);
  },
});

export const deviceLists = (db: Kysely<Tables>, planner: Planner): DeviceLists => ({
  async devices(account, filter, page) {
    let query = db.selectFrom('device').select(columns).where('account_id', '=', account);
    if (!filter.withEnded) {
      query = query
        .where('ended_at', '=', sql.lit(0n))
        .where('expires_at', '>', filter.now)
        .where('idle_until', '>', filter.now);
    }
    const after = cursorOf('devices', page);
    if (after !== undefined) {
      // Of the live ones only: the primary key holds every ended device too.
      const id = filter.withEnded ? sql.ref<string>('device_id') : planner.textWithoutIndex('device_id');
      query = query.where(id, '>', after);
    }
    const rows = await query
      .orderBy('device_id')
      .limit(page.limit + 1)
      .execute();
    return paged(rows.map(deviceOf), page, ({ deviceId }) => deviceId);
  },
});

export const deviceWrites = (db: Kysely<Tables>): DeviceWrites => ({
  async countLiveDevices(account, now) {
    const { devices } = await db
      .selectFrom('device')
      .select((e) => e.fn.countAll<bigint>().as('devices'))
      .where('account_id', '=', account)
      .where('ended_at', '=', sql.lit(0n))
      .where('expires_at', '>', now)
      .where('idle_until', '>', now)
      .executeTakeFirstOrThrow();
    return Number(devices);
  },

  async isDeviceKey(thumbprint, now) {
    const rows = await db
      .selectFrom('device')
      .select('device_id')
      .where('thumbprint', '=', thumbprint)
      .where('ended_at', '=', sql.lit(0n))
      .where('expires_at', '>', now)
      .where('idle_until', '>', now)
      .limit(1)
      .execute();
    return rows.length > 0;
  },

  async insertDevice(device) {
    await db
      .insertInto('device')
      .values({
        account_id: device.account,
        device_id: device.deviceId,
        name: device.name,
        thumbprint: device.thumbprint,
        auth_time: BigInt(device.authTime),
        created_at: device.createdAt,
        expires_at: device.expiresAt,
        idle_seconds: BigInt(device.idleSeconds),
        idle_until: device.idleUntil,
        last_used_at: device.lastUsedAt,
        last_used_ip: device.lastUsedIp,
        ended_at: device.endedAt,
      })
      .execute();
  },

  async useDevice({ account, deviceId, idleSeconds }, now, { lastAt, lastIp }) {
    const { numUpdatedRows } = await db
      .updateTable('device')
      .set({ last_used_at: lastAt, last_used_ip: lastIp, idle_until: addSeconds(now, idleSeconds) })
      .where('account_id', '=', account)
      .where('device_id', '=', deviceId)
      .where('ended_at', '=', 0n)
      .where('expires_at', '>', now)
      .where('idle_until', '>', now)
      .executeTakeFirstOrThrow();
    return isOne(numUpdatedRows);
  },

  async endDevice(account, deviceId, now) {
    const { numUpdatedRows } = await db
      .updateTable('device')
      .set({ ended_at: now })
      .where('account_id', '=', account)
      .where('device_id', '=', deviceId)
      .where('ended_at', '=', 0n)
      .executeTakeFirstOrThrow();
    return isOne(numUpdatedRows);
  },

  async endDevices(account, now, made) {
    let ending = db
      .updateTable('device')
      .set({ ended_at: now })
      .where('account_id', '=', account)
      .where('ended_at', '=', sql.lit(0n));
    if (made !== undefined) {
      ending = ending.where('auth_time', '>=', BigInt(made.from)).where('auth_time', '<=', BigInt(made.to));
    }
    const ended = await ending.returning(named).execute();
    return ended.map(({ device_id, name }) => ({ deviceId: device_id, name }));
  },
});

/** Of these accounts, or of all. */
export function endDevicesOf(
  db: Kysely<Tables>,
  accounts: readonly AccountId[] | undefined,
  now: UnixNanos,
): Promise<readonly NamedDeviceRow[]> {
  const ending = db.updateTable('device').set({ ended_at: now }).where('ended_at', '=', sql.lit(0n));
  return (accounts === undefined ? ending : ending.where('account_id', 'in', accounts)).returning(named).execute();
}

/** Devices looked at in one turn. */
const LOOKED_AT = 500;

/** As `UsageWrites.forgetDeviceUse` says. `write` is one transaction; none where there is nothing to forget. */
export async function forgetDeviceUse(
  reader: Kysely<Tables>,
  write: (work: (tx: Kysely<Tables>) => Promise<void>) => Promise<void>,
  after: string,
): Promise<string | undefined> {
  const looked = await reader
    .selectFrom('device')
    .select(['device_id', 'last_used_at'])
    .where('device_id', '>', after)
    .orderBy('device_id')
    .limit(LOOKED_AT)
    .execute();
  const last = looked.at(-1)?.device_id;
  if (last !== undefined && looked.some((row) => row.last_used_at !== 0n)) {
    await write(async (tx) => {
      await tx
        .updateTable('device')
        .set({ last_used_at: 0n, last_used_ip: '' })
        .where('device_id', '>', after)
        .where('device_id', '<=', last)
        .execute();
    });
  }
  return last;
}

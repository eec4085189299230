// Where the device's record is kept: IndexedDB, which belongs to this origin and its port alone, and holds a key that no script can read.
// Where that fails it is kept in memory, and a reload signs out.
import { type DeviceRecord, deviceRecordOf } from './device-record.ts';

const [DATABASE, STORE, ROW] = ['countersign', 'device', 'this'] as const;

let inMemory: DeviceRecord | undefined;

export async function readDevice(): Promise<DeviceRecord | undefined> {
  try {
    return deviceRecordOf(await within('readonly', (store) => store.get(ROW)));
  } catch {
    return inMemory;
  }
}

export async function keepDevice(record: DeviceRecord): Promise<void> {
  inMemory = record;
  await within('readwrite', (store) => store.put(record, ROW)).catch(() => undefined);
}

/** Of a session that began: the record of a device that was signed out since, or replaced, is not written again. */
export async function keepDeviceInUse(record: DeviceRecord): Promise<void> {
  if (inMemory?.id === record.id) inMemory = record;
  await whereKept(record.id, (store) => store.put(record, ROW));
}

/** Another one, of a tab that signed in since, stays. */
export async function dropDevice(id: string): Promise<void> {
  if (inMemory?.id === id) inMemory = undefined;
  await whereKept(id, (store) => store.delete(ROW));
}

/** Of one that this tab has not used for long: dropped, unless another tab has used it since, whose record it gives then. */
export async function dropUnused({ id, usedAt }: DeviceRecord): Promise<DeviceRecord | undefined> {
  let used: DeviceRecord | undefined;
  await whereKept(id, (store, kept) => {
    if (kept.usedAt > usedAt) used = kept;
    else store.delete(ROW);
  });
  if (used === undefined && inMemory?.id === id) inMemory = undefined;
  return used;
}

/** Within one transaction: no other tab writes between the look and what follows it. */
async function whereKept(id: string, act: (store: IDBObjectStore, kept: DeviceRecord) => unknown): Promise<void> {
  await within('readwrite', (store) => {
    const asked = store.get(ROW);
    asked.onsuccess = () => {
      const kept = deviceRecordOf(asked.result);
      if (kept?.id === id) act(store, kept);
    };
    return asked;
  }).catch(() => undefined);
}

async function within(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest): Promise<unknown> {
  const database = await opened();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = act(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error ?? new Error('IndexedDB gave up'));
      transaction.onerror = () => reject(transaction.error ?? new Error('IndexedDB gave up'));
    });
  } finally {
    database.close();
  }
}

const opened = (): Promise<IDBDatabase> =>
  new Promise((resolve, reject) => {
    // Absent, or throws, where the person has switched storage off.
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('IndexedDB did not open'));
    request.onblocked = () => reject(new Error('IndexedDB did not open'));
  });

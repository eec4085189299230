// Looking for secrets in everything a service keeps: its log, its tables, its files byte for byte.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Service } from './harness.ts';

/** The name under which a finding is reported, and every text form in which the secret could stand somewhere. */
export type Secrets = Map<string, readonly string[]>;

/** A number as anyone might print it: decimal, hex in both cases, padded, and the bytes themselves in base64. */
export function formsOfNumber(value: bigint): string[] {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.padStart(64, '0'), 'hex');
  return [value.toString(), hex, hex.toUpperCase(), bytes.toString('latin1'), ...formsOfBytes(bytes)];
}

export const formsOfBytes = (bytes: Buffer): string[] => [
  bytes.toString('base64').replace(/=+$/, ''),
  bytes.toString('base64url'),
];

/** Bytes as they stand on disk and every column as text: a long value may be torn over pages of the file. */
export function placesOf(service: Service): Map<string, string> {
  const places = new Map<string, string>([['log', service.log.join('\n')]]);
  const data = join(service.folder, 'data');
  const files = readdirSync(data, { withFileTypes: true }).filter((entry) => entry.isFile());
  for (const { name } of files) places.set(`file ${name}`, readFileSync(join(data, name), 'latin1'));
  const database = new DatabaseSync(join(data, 'countersign.db'), { readOnly: true });
  try {
    const tables = database.prepare("select name from sqlite_schema where type = 'table'").all();
    for (const { name } of tables) {
      const statement = database.prepare(`select * from ${name}`);
      statement.setReadBigInts(true);
      const rows = statement.all().map((row) => Object.values(row).join('\n'));
      places.set(`table ${name}`, rows.join('\n'));
    }
  } finally {
    database.close();
  }
  return places;
}

export function findings(secrets: Secrets, places: ReadonlyMap<string, string>): string[] {
  const found: string[] = [];
  for (const [secret, forms] of secrets) {
    for (const [place, content] of places) {
      if (forms.some((form) => content.includes(form))) found.push(`${secret} in ${place}`);
    }
  }
  return found;
}

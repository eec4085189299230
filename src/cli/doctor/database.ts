// The database: is it whole, would a start succeed, is the clock behind it, does the master key open its signing keys, and which of them
// sign. It reads only.
import { existsSync, realpathSync } from 'node:fs';
import { isAbsolute, relative, sep } from 'node:path';
import { keyUsesOf } from '../../compose/key-uses.ts';
import type { DatabaseFacts, DataLook, Trial } from '../../compose/restore.ts';
import type { Config } from '../../config/schema.ts';
import { addSeconds, isFarAhead, secondsOf, systemWall, unixNanos } from '../../domain/time.ts';
import { looseFolderAbove } from '../../files/own-folder.ts';
import { createKeyring } from '../../jwt/keyring.ts';
import { openMasterKey } from '../../jwt/master-key.ts';
import type { SigningKeyRecord } from '../../jwt/signing-key.ts';
import { shownTime } from '../output.ts';
import { type Finding, note, ok, reasonOf, wrong } from './finding.ts';

/** A smaller lag of the machine's clock is not reported. */
const CLOCK_SECONDS = 5;

/** Findings on the database, the clock, the master key and the signing keys. */
export function checkDatabase({ database, start }: DataLook, config: Config): readonly Finding[] {
  const failing = start.kind === 'fails' ? wrong('database', `a start would fail: ${start.problem}`) : undefined;
  switch (database?.kind) {
    case undefined:
      return [failing ?? note('database', `there is none in ${config['data.folder']} yet; the first start makes it`)];
    case 'damaged':
      return [wrong('database', `cannot be used: ${database.problem}`)];
    case 'not_ours':
      return [wrong('database', 'is not one of Countersign')];
    case 'unfinished':
      return [failing ?? note('database', 'a first start broke off before it was ready; the next one makes it')];
    case 'newer':
      return [wrong('database', `a newer release of Countersign has written it (${database.schema})`)];
    case 'usable':
      return [
        failing ?? checkFacts(database.facts, start),
        checkClock(database.facts),
        ...checkKeys(database.facts.signingKeys, config),
      ];
    default:
      return database satisfies never;
  }
}

function checkFacts({ accounts, subkeys, tokens, position, schema, older }: DatabaseFacts, start: Trial): Finding {
  const holds = `${accounts} accounts, ${subkeys} live subkeys, ${tokens} live tokens; log position ${position}`;
  if (older) {
    const untried = start.kind === 'untried' ? `; whether that works was not tried: ${start.why}` : '';
    const brings = `tables of ${schema}, which the next start brings up to date`;
    return note('database', `whole; ${holds}; ${brings}${untried}`);
  }
  return ok('database', `whole; ${holds}; tables of ${schema}`);
}

function checkClock({ highestTime }: DatabaseFacts): Finding {
  const wall = unixNanos(systemWall());
  const behind = secondsOf(highestTime) - secondsOf(wall);
  if (isFarAhead(wall, highestTime)) {
    return wrong(
      'clock',
      `this machine's says ${shownTime(Number(wall))}, ${-behind} s after the ${shownTime(Number(highestTime))} that the data has seen: a start refuses that; set it, or, if it is right, run countersign clock accept`,
    );
  }
  if (behind <= CLOCK_SECONDS) return ok('clock', `${shownTime(Number(wall))}, past all that the data has seen`);
  return wrong(
    'clock',
    `this machine's is ${behind} s behind the ${shownTime(Number(highestTime))} that the data has seen; the service goes on from there, so that what is signed now is refused: set it, or, if it is right, run countersign clock accept`,
  );
}

function checkKeys(records: readonly SigningKeyRecord[], config: Config): readonly Finding[] {
  const file = config['master_key.file'];
  if (records.length === 0 && !existsSync(file)) {
    return [note('master key', `there is none at ${file} and nothing that it sealed; the next start makes it`)];
  }
  try {
    const masterKey = openMasterKey(file, { mayCreate: false });
    createKeyring({ records, masterKey });
  } catch (error) {
    return [wrong('master key', reasonOf(error)), ...checkSigners(records, config)];
  }
  // Settings are compared as texts: a link may still lead into the folder.
  const inside = relative(realpathSync(config['data.folder']), realpathSync(file));
  const masterKey =
    inside.startsWith(`..${sep}`) || isAbsolute(inside)
      ? checkFolderOf(file)
      : wrong('master key', `${file} leads into the data folder, so that copies of the data hold the key to it`);
  return [masterKey, ...checkSigners(records, config)];
}

function checkFolderOf(masterKey: string): Finding {
  const opens = `${masterKey} opens the signing keys, for its owner alone`;
  const above = looseFolderAbove(masterKey);
  if (above === undefined) return ok('master key', opens);
  return note('master key', `${opens}, but others may write in ${above} and take it away`);
}

function checkSigners(records: readonly SigningKeyRecord[], config: Config): readonly Finding[] {
  return keyUsesOf(config).map((use) => {
    const check = `${use} key`;
    if (records.length === 0) return note(check, 'there is none yet; the next start makes it');
    const signer = records.findLast((key) => key.use === use && key.state === 'active');
    if (signer === undefined) return wrong(check, 'there is none that signs');
    const maxAge = config['signing_keys.max_age'];
    const next = maxAge === 0 ? 'never' : shownTime(Number(addSeconds(signer.createdAt, maxAge)));
    return ok(check, `${signer.kid}, made ${shownTime(Number(signer.createdAt))}, replaced by age: ${next}`);
  });
}

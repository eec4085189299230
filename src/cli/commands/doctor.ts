// countersign doctor: checks everything that a healthy installation needs, with a server running or not. It changes nothing and prints no
// secret.
import manifest from '../../../package.json' with { type: 'json' };
import { tryPreparing } from '../../compose/prepare.ts';
import { type DataLook, lookAtData } from '../../compose/restore.ts';
import { settingNames } from '../../config/schema.ts';
import { checkCertificate } from '../doctor/certificate.ts';
import { checkDatabase } from '../doctor/database.ts';
import { checkDescriptors } from '../doctor/descriptors.ts';
import { checkDisk, checkFolder, checkLeftDrafts } from '../doctor/files.ts';
import { type Finding, ok, reasonOf, wrong } from '../doctor/finding.ts';
import { checkRoutes } from '../doctor/routes.ts';
import { checkRunningSettings } from '../doctor/running-settings.ts';
import { checkServer, checkToken, checkUpstream } from '../doctor/server.ts';
import { table } from '../output.ts';
import type { Typed, TypedSettings } from '../program.ts';
import { readSettings, reporting } from '../reporting.ts';

/** 0 nothing is wrong, 1 something is, 2 a setting is not accepted, so nothing could be checked. */
export async function doctor({ json, settings }: Typed): Promise<number> {
  let findings: readonly Finding[] = [];
  const code = await reporting('doctor', async () => {
    findings = await examine(settings);
    process.stdout.write(json ? `${JSON.stringify({ healthy: isHealthy(findings), findings })}\n` : shown(findings));
  });
  return code === 0 && !isHealthy(findings) ? 1 : code;
}

async function examine(settings: TypedSettings): Promise<readonly Finding[]> {
  const loaded = readSettings(settings);
  const { config, sources } = loaded;
  const { routes, tls, masterKey, operatorPlaces } = tryPreparing(loaded);
  const set = settingNames.filter((name) => sources[name].kind !== 'default').length;
  const look = await lookAtData(config['data.folder']).catch(unusable);
  const { node, sqlite } = process.versions;
  return [
    ok('versions', `countersign ${manifest.version}, node ${node}, SQLite ${sqlite}`),
    ok('settings', `accepted; ${set} of ${settingNames.length} are set, see countersign config show`),
    checkFolder(config['data.folder']),
    ...checkLeftDrafts(config),
    checkDisk(config['data.folder']),
    checkDescriptors(config),
    ...checkDatabase(look, config),
    // With a database, checkDatabase tries the key on the signing keys there.
    ...('problems' in masterKey && look.database?.kind !== 'usable'
      ? [wrong('master key', masterKey.problems.join('; '))]
      : []),
    await checkServer(look.held, config),
    await checkToken(look.held, config),
    ...(await checkRunningSettings(look.held, loaded)),
    await checkUpstream(config),
    checkRoutes(config, routes),
    checkCertificate(config, tls),
    ...('problems' in operatorPlaces ? [wrong('operator API', operatorPlaces.problems.join('; '))] : []),
  ];
}

// The folder may be another user's, for one. The other checks go on.
const unusable = (error: unknown): DataLook => ({
  held: false,
  database: { kind: 'damaged', problem: reasonOf(error) },
  start: { kind: 'untried', why: 'it cannot be used' },
});

const isHealthy = (findings: readonly Finding[]): boolean => findings.every(({ state }) => state !== 'wrong');

const shown = (findings: readonly Finding[]): string =>
  table(findings.map(({ check, state, text }) => [state === 'wrong' ? 'WRONG' : state, check, text]));

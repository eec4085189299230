// A process: the server as it is composed, but for an authorize that allows everybody. What it costs less than the gateway as
// shipped is the price of the decision. It is for measuring only: nothing that it forwards was asked for a credential.
// Usage: node bench/support/open-gateway.ts <port of the venue>

import { join } from 'node:path';
import { openGrantForAnyone } from '../../src/access/grant.ts';
import { composeAuthority } from '../../src/compose/authority.ts';
import { composeCore } from '../../src/compose/core.ts';
import { composeExplain } from '../../src/compose/explain.ts';
import { composeGateway } from '../../src/compose/gateway.ts';
import { composeLimits } from '../../src/compose/limits.ts';
import { composeMonitoring, loggerOf } from '../../src/compose/monitoring.ts';
import { prepare } from '../../src/compose/prepare.ts';
import { composePublic } from '../../src/compose/public.ts';
import { composeVenue } from '../../src/compose/venue.ts';
import { composeVerifier } from '../../src/compose/verifier.ts';
import { loadConfig } from '../../src/config/load.ts';
import { readSettingsText } from '../../src/config/settings-file.ts';
import { feltOf } from '../../src/domain/felt.ts';
import { permissionsOf } from '../../src/domain/kinds.ts';
import type { Principal } from '../../src/domain/principal.ts';
import { unixSeconds } from '../../src/domain/time.ts';
import { temporaryFolder } from './processes.ts';

const principal: Principal = {
  credential: { account: feltOf(0x1234567890abcdefn), kind: 'main', id: 'main' },
  permissions: permissionsOf('main', { tokensMayReadKeys: false }),
  label: '0x1234567890abcdef',
  kid: 'none',
  session: 'none',
  expiresAt: unixSeconds(2 ** 40),
  authTime: unixSeconds(0),
  isolated: false,
  tokenUsage: undefined,
};
const folder = temporaryFolder();
const loaded = loadConfig({
  argv: [
    '--port=0',
    `--data=${join(folder, 'data')}`,
    `--master_key.file=${join(folder, 'master.key')}`,
    `--upstream=http://127.0.0.1:${Number(process.argv[2])}`,
    '--rate-limit=off',
  ],
  env: {},
  cwd: folder,
  readFile: readSettingsText,
});
const { config } = loaded;
const monitoring = composeMonitoring(loggerOf(config));
const { verifier } = await composeVerifier(config, monitoring);
const core = await composeCore(config, monitoring);
const venue = await composeVenue(config);
const prepared = prepare(loaded);
const { figures } = prepared.routes;
const gateway = composeGateway(config, { ...core, ...monitoring, verifier, venue, figures, scheme: 'http' });
const limits = composeLimits(config, { ...core, ...monitoring, figures, hasTls: false });
const authority = {
  ...composeAuthority(config, { ...core, ...monitoring, ...limits, verifier }),
  authorize: () => ({ ...openGrantForAnyone(), principal }),
};
const { explainer } = await composeExplain(config, { ...core, ...monitoring });
const readiness = async () => ({});
const door = await composePublic(loaded, {
  ...prepared,
  ...monitoring,
  core,
  explainer,
  authority,
  gateway,
  limits,
  readiness,
});
process.stdout.write(`listening on ${door.url}\n`);
process.once('SIGTERM', () => process.exit(0));

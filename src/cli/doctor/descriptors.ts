// Whether a start from here may have as many descriptors as the settings need. For a running server /readyz says it.
import { descriptorsAllowed, descriptorsNeeded } from '../../config/descriptors.ts';
import type { Config } from '../../config/schema.ts';
import { type Finding, note, ok, wrong } from './finding.ts';

export function checkDescriptors(config: Config, allowed: number | undefined = descriptorsAllowed()): Finding {
  const check = 'descriptors';
  const needed = descriptorsNeeded(config);
  const most = `http.max_connections = ${config['http.max_connections']} and the rest need ${needed}`;
  if (allowed === undefined) return note(check, `how many a process may have cannot be told on this system; ${most}`);
  if (allowed === Number.POSITIVE_INFINITY) return ok(check, `${most}; a start from here may have any number`);
  if (allowed >= needed) return ok(check, `${most}; a start from here may have ${allowed}`);
  return wrong(
    check,
    `${most}, and a start from here may have ${allowed}: raise ulimit -n, LimitNOFILE or --ulimit nofile`,
  );
}

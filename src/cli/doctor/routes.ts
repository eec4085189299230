// The route table that a start would have.
import { leftOutSentence, type Outcomes } from '../../compose/prepare.ts';
import type { Config } from '../../config/schema.ts';
import { type Finding, note, ok, wrong } from './finding.ts';

export function checkRoutes(config: Pick<Config, 'routes.file'>, routes: Outcomes['routes']): Finding {
  const check = 'route table';
  if ('problems' in routes) return wrong(check, routes.problems.join('; '));
  const { table, leftOut } = routes.value;
  if (leftOut.length > 0) return note(check, leftOutSentence(leftOut));
  const file = config['routes.file'];
  return ok(check, `"${table.name}", ${table.routes.length} routes, ${file === '' ? 'built in' : file}`);
}

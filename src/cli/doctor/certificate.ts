// The certificate of the public listener. The server goes on when it runs out, but its clients do not.
import { X509Certificate } from 'node:crypto';
import type { Outcomes } from '../../compose/prepare.ts';
import type { Config } from '../../config/schema.ts';
import { type Finding, note, ok, reasonOf, wrong } from './finding.ts';

const DAY_MS = 86_400_000;
/** Time enough to notice that it is not renewed by itself. */
const SOON_DAYS = 14;

/** `now`: Unix milliseconds. */
export function checkCertificate(
  config: Pick<Config, 'tls.cert'>,
  tls: Outcomes['tls'],
  now: number = Date.now(),
): Finding {
  const file = config['tls.cert'];
  if ('problems' in tls) return wrong('certificate', tls.problems.join('; '));
  if (tls.value === undefined)
    return ok('certificate', 'none: plain HTTP, for a proxy that ends TLS or for this machine alone');
  try {
    const { validFromDate, validToDate } = new X509Certificate(tls.value.cert);
    const until = validToDate.toISOString();
    const days = Math.floor((validToDate.getTime() - now) / DAY_MS);
    if (now < validFromDate.getTime())
      return wrong('certificate', `${file} is not valid before ${validFromDate.toISOString()}`);
    if (days < 0) return wrong('certificate', `${file} ran out on ${until}`);
    const text = `${file} is valid until ${until}, ${days} more days`;
    return days < SOON_DAYS ? note('certificate', text) : ok('certificate', text);
  } catch (error) {
    return wrong('certificate', `${file}: ${reasonOf(error)}`);
  }
}

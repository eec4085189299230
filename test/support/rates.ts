// Rate limits: those of the built-in table, and figures among the settings of a test, each by itself: `{ 'orders/s': '5', 'orders%': '50' }`.
import { builtInFigures } from '../../src/access/own-routes.ts';
import { rateLimitsOf } from '../../src/ratelimit/from-figures.ts';

/** Those of the built-in table. */
export const defaultLimits = rateLimitsOf(builtInFigures);

const FIGURE = /^([a-z-]+)(?:\/(s|min|h|day)|%)$/;

/** The settings with all such figures in the one setting that takes them. */
export function withRates(settings: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const entries = Object.entries(settings);
  const overrides = entries.flatMap(([name, value]) => {
    const [, bucket, unit] = FIGURE.exec(name) ?? [];
    if (bucket === undefined) return [];
    return [unit === undefined ? `${bucket}=${value}%` : `${bucket}=${value}/${unit}`];
  });
  if (overrides.length === 0) return settings;
  return {
    ...Object.fromEntries(entries.filter(([name]) => !FIGURE.test(name))),
    'rate_limit.override': overrides.join(','),
  };
}

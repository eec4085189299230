// Rate limits: from the figures of the settings to the limiter of requests and that of TLS handshakes.
import type { Config } from '../config/schema.ts';
import type { Clock } from '../domain/time.ts';
import { createHandshakeLimit } from '../ratelimit/handshakes.ts';
import { type AccountCounter, createRateLimiter, type RateLimits, shareOf, sharesOf } from '../ratelimit/limiter.ts';
import { countLimited } from '../telemetry/observe.ts';
import type { Monitoring } from './monitoring.ts';

export type Limits = ReturnType<typeof composeLimits>;

export function composeLimits(
  config: Config,
  { clock, counters, hasTls }: Pick<Monitoring, 'counters'> & { readonly clock: Clock; readonly hasTls: boolean },
) {
  const limiter = createRateLimiter({
    enabled: config['rate_limit.enabled'],
    limits: limitsOf(config),
    maxKeys: config['rate_limit.max_keys'],
    clock,
  });
  const handshakes =
    hasTls && config['rate_limit.enabled'] ? createHandshakeLimit(handshakeLimitOf(config, clock)) : undefined;
  return {
    limiter,
    /** The same for the use cases, whose refusals are counted here: the front counts its own. */
    countedLimiter: countLimited(limiter, counters),
    handshakes,
    /** Keys that are remembered now. */
    size: () => limiter.size() + (handshakes?.size() ?? 0),
  };
}

function limitsOf(config: Config): RateLimits {
  const per = (windowSeconds: number) => (count: number) => ({ count, windowSeconds, burst: count });
  const [perSecond, perMinute, perHour, perDay] = [per(1), per(60), per(3600), per(86_400)];
  const perAccount = {
    orders: [perSecond(config['rate_limit.orders_per_second']), perMinute(config['rate_limit.orders_per_minute'])],
    read: [
      perSecond(config['rate_limit.private_get_per_second']),
      perMinute(config['rate_limit.private_get_per_minute']),
    ],
    keys: [perMinute(config['rate_limit.key_management_per_minute'])],
    'account-login': [
      perSecond(config['rate_limit.account_logins_per_second']),
      perMinute(config['rate_limit.account_logins_per_minute']),
    ],
    emergency: [perMinute(config['rate_limit.emergency_per_minute'])],
    'signed-emergency': [perMinute(config['rate_limit.emergency_per_minute'])],
    interactiveOrders: [
      perSecond(config['rate_limit.interactive_orders_per_second']),
      perMinute(config['rate_limit.interactive_orders_per_minute']),
      perHour(config['rate_limit.interactive_orders_per_hour']),
      perDay(config['rate_limit.interactive_orders_per_day']),
    ],
  };
  const percents: Partial<Record<AccountCounter, number>> = {
    orders: config['rate_limit.credential_orders_percent'],
    interactiveOrders: config['rate_limit.credential_orders_percent'],
    'account-login': config['rate_limit.credential_logins_percent'],
  };
  return {
    public: [perMinute(config['rate_limit.public_per_minute'])],
    login: [perMinute(config['rate_limit.auth_per_minute'])],
    onboarding: [perMinute(config['rate_limit.onboarding_per_minute'])],
    private: [perMinute(config['rate_limit.private_per_minute'])],
    activate: [perMinute(config['rate_limit.activate_per_minute'])],
    ...perAccount,
    perCredential: sharesOf(perAccount, (counter) => percents[counter] ?? config['rate_limit.credential_get_percent']),
    perLogin: shareOf(perAccount['account-login'], config['rate_limit.credential_logins_percent']),
  };
}

const handshakeLimitOf = (config: Config, clock: Clock) => ({
  perMinute: config['rate_limit.handshakes_per_minute'],
  burst: config['http.max_connections_per_address'],
  maxKeys: config['rate_limit.max_keys'],
  clock,
});

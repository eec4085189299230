// The limiter's limits, from the figures of a route table and rate_limit.override.
import { type AccountFigure, type Figures, type RateFigures, units } from '../access/figures.ts';
import type { Limit } from './gcra.ts';
import { type AccountCounter, type RateLimits, shareOf, sharesOf } from './limiter.ts';

/** Each count is a bucket of that size. */
export const limitsOf = ({ counts }: Figures): readonly Limit[] =>
  [...counts].map(([unit, count]) => ({ count, windowSeconds: units[unit], burst: count }));

/** Which figures count what the limiter counts of an account. */
const nameOf: Readonly<Record<AccountCounter, AccountFigure>> = {
  orders: 'orders',
  read: 'private-read',
  keys: 'keys',
  owner: 'owner',
  'account-login': 'sessions',
  emergency: 'emergency',
  'signed-emergency': 'emergency',
  interactiveOrders: 'interactive-orders',
};

/** What the limiter is made of. */
export function rateLimitsOf(figures: RateFigures): RateLimits {
  const perAccount = {
    orders: limitsOf(figures.orders),
    read: limitsOf(figures['private-read']),
    keys: limitsOf(figures.keys),
    owner: limitsOf(figures.owner),
    'account-login': limitsOf(figures.sessions),
    emergency: limitsOf(figures.emergency),
    'signed-emergency': limitsOf(figures.emergency),
    interactiveOrders: limitsOf(figures['interactive-orders']),
  };
  const shareOfCounter = (counter: AccountCounter): number => figures[nameOf[counter]].share ?? 100;
  return {
    public: limitsOf(figures.public),
    login: limitsOf(figures.login),
    onboarding: limitsOf(figures.onboarding),
    private: limitsOf(figures.private),
    activate: limitsOf(figures.activate),
    insisting: limitsOf(figures.private),
    ...perAccount,
    perCredential: sharesOf(perAccount, shareOfCounter),
    perLogin: shareOf(perAccount['account-login'], shareOfCounter('account-login')),
  };
}

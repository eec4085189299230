import { describe, expect, test } from 'vitest';
import { figureNames, figuresText, overridden, parseFigures } from '../../../src/access/figures.ts';
import { builtInFigures } from '../../../src/access/own-routes.ts';
import { parseRouteTable } from '../../../src/access/parse-route-table.ts';
import { RouteTableError } from '../../../src/access/route-table.ts';

const tableWith = (limits: unknown) => ({
  name: 'test',
  limits,
  routes: [{ method: 'GET', path: '/a', access: 'public', served_by: 'venue' }],
});

describe('the figures of a route table', () => {
  test('the figures in a route table are read as they stand, and a bucket without any is left out', () => {
    const { limits } = parseRouteTable(tableWith({ orders: ['1600/s', '50%'], public: ['3/min', '9/day'] }));
    expect(Object.keys(limits)).toEqual(['orders', 'public']);
    expect(limits.orders && figuresText(limits.orders)).toEqual(['1600/s', '50%']);
    expect(limits.public && figuresText(limits.public)).toEqual(['3/min', '9/day']);
  });

  test.each([
    ['a name that is none', { order: ['1/s', '90%'] }, '"order" is none of public, login'],
    ['no list', { orders: '1/s' }, '"orders" must be a list'],
    ['an unknown unit', { public: ['1/m'] }, '"public" must list counts such as 800/s'],
    ['a count of nothing', { public: ['0/s'] }, '"public" must list counts'],
    ['a number', { public: [5] }, '"public" must list counts'],
    ['two counts per unit', { public: ['1/s', '2/s'] }, '"public" has two counts per s'],
    ['two shares', { orders: ['1/s', '9%', '8%'] }, '"orders" has two shares'],
    ['a share of more than all', { orders: ['1/s', '101%'] }, '"orders" must list counts'],
    ['no count', { orders: ['90%'] }, '"orders" must have a count'],
    ['no share of an account', { orders: ['1/s'] }, '"orders" needs the share that one credential may use'],
    ['a share of an address', { public: ['1/s', '90%'] }, '"public" is counted of an address'],
    ['no object', [], 'limits must be a JSON object'],
  ])('figures with %s are refused, with the name and why', (_what, limits, because) => {
    expect(() => parseRouteTable(tableWith(limits))).toThrow(RouteTableError);
    expect(() => parseRouteTable(tableWith(limits))).toThrow(because);
  });

  test('figures of a bucket that are written as text are read as the same figures', () => {
    for (const name of figureNames) {
      expect(parseFigures(name, figuresText(builtInFigures[name]))).toEqual({ name, figures: builtInFigures[name] });
    }
  });
});

describe('rate_limit.override', () => {
  const of = (...entries: string[]) => {
    const result = overridden(builtInFigures, entries);
    return 'problems' in result ? result.problems : figuresText(result.figures.orders);
  };

  test('rate_limit.override replaces one figure and leaves the others', () => {
    expect(of()).toEqual(['800/s', '17250/min', '90%']);
    expect(of('orders=1600/s')).toEqual(['1600/s', '17250/min', '90%']);
    expect(of('orders=50%', 'keys=1/min', 'orders=9/min')).toEqual(['800/s', '9/min', '50%']);
  });

  test('rate_limit.override never changes the figures that it was given', () => {
    const before = figureNames.map((name) => figuresText(builtInFigures[name]));
    of('orders=1600/s', 'orders=50%');
    expect(figureNames.map((name) => figuresText(builtInFigures[name]))).toEqual(before);
  });

  test('rate_limit.override refuses an entry that would add a figure, with the figures there are', () => {
    expect(of('orders=1/h', 'public=50%')).toEqual([
      'orders=1/h replaces nothing: orders has 800/s, 17250/min, 90%',
      'public=50% replaces nothing: public has 1500/min',
    ]);
  });

  test('rate_limit.override refuses the same figure twice', () => {
    expect(of('orders=1/s', 'orders=2/s')).toEqual(['orders=2/s replaces a figure that an earlier entry has replaced']);
    expect(of('orders=1%', 'orders=2%')).toHaveLength(1);
  });
});

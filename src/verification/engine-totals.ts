// The counts of several engines, summed.
import type { EngineStats } from '../starknet/engine/engine.ts';

export type EngineTotals = Pick<
  EngineStats,
  'tables' | 'tableBytes' | 'built' | 'evicted' | 'tableHits' | 'tableMisses'
>;

export const NO_ENGINE: EngineTotals = {
  tables: 0,
  tableBytes: 0,
  built: 0,
  evicted: 0,
  tableHits: 0,
  tableMisses: 0,
};

export const addEngine = (a: EngineTotals, b: EngineTotals): EngineTotals => ({
  tables: a.tables + b.tables,
  tableBytes: a.tableBytes + b.tableBytes,
  built: a.built + b.built,
  evicted: a.evicted + b.evicted,
  tableHits: a.tableHits + b.tableHits,
  tableMisses: a.tableMisses + b.tableMisses,
});

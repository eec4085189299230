// Whether the body of a request holds signed orders, and which order its path names: by the row of the route table.
import { orderIdParameter, type Route } from '../access/route-table.ts';

export interface OrderRoute {
  /** A list of orders instead of one. */
  readonly batch: boolean;
  /** The canonical id in the path, where the request changes an order. */
  readonly id: string | undefined;
}

/** Undefined when the body holds no signed order. Throws Error when a route that changes an order has no id in its path. */
export function orderRouteOf(
  { name, path, order }: Pick<Route, 'name' | 'path' | 'order'>,
  params: Readonly<Record<string, string>>,
): OrderRoute | undefined {
  if (order === undefined) return undefined;
  if (order !== 'modify') return { batch: order === 'batch', id: undefined };
  const id = params[orderIdParameter(path) ?? ''];
  // Without it the signed id would be compared with nothing.
  if (id === undefined) throw new Error(`${name} changes an order, and its path has no id`);
  return { batch: false, id };
}

/** A route that trades by the bearer alone (docs/orders.md). */
export const isUnsigned = ({ access, servedBy, order }: Pick<Route, 'access' | 'servedBy' | 'order'>): boolean =>
  access === 'trade' && servedBy === 'venue' && order === undefined;

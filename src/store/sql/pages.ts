// Pages of a list, by a cursor that says where the next one begins.
import { isCursorOf, type ListName } from '../../domain/cursor.ts';
import type { Page, PageRequest } from '../ports/page.ts';

/** `rows` are one more than the page holds, where there are so many: the last tells that there is a next page. */
export function paged<Row>(rows: readonly Row[], page: PageRequest, cursorOf: (row: Row) => string): Page<Row> {
  const shown = rows.slice(0, page.limit);
  const last = shown.at(-1);
  return { rows: shown, next: rows.length > page.limit && last !== undefined ? cursorOf(last) : undefined };
}

/** Throws for one that is not of this list, which the edge has refused: it is never the end of the list. */
export function cursorOf(list: ListName, { cursor }: PageRequest): string | undefined {
  if (cursor !== undefined && !isCursorOf(list, cursor)) throw new Error(`not a cursor of ${list}`);
  return cursor;
}

// Pages of a list, and the cursor where the next one begins.
import { isCursorOf, type ListName } from '../../domain/cursor.ts';
import type { Page, PageRequest } from '../ports/page.ts';

/** Ask for one row more than the limit: if it is there, there is a next page. */
export function paged<Row>(rows: readonly Row[], page: PageRequest, cursorOf: (row: Row) => string): Page<Row> {
  const shown = rows.slice(0, page.limit);
  const last = shown.at(-1);
  return { rows: shown, next: rows.length > page.limit && last !== undefined ? cursorOf(last) : undefined };
}

/** Throws for a cursor of another list. The edge has refused those; reading one as the end of the list would hide rows. */
export function cursorOf(list: ListName, { cursor }: PageRequest): string | undefined {
  if (cursor !== undefined && !isCursorOf(list, cursor)) throw new Error(`not a cursor of ${list}`);
  return cursor;
}

// Lists as the commands print them: every page, as one table or as one document.

import type { Shell } from './shell.ts';
import type { Column } from './table.ts';
import { table } from './table.ts';

export async function printList<T>(
  shell: Shell,
  list: AsyncIterable<T>,
  columns: readonly Column[],
  row: (one: T) => readonly string[],
  none: string,
): Promise<void> {
  const results: T[] = [];
  for await (const one of list) results.push(one);
  if (shell.has('json')) {
    await shell.json({ results, next: null });
    return;
  }
  if (results.length === 0) shell.note(none);
  await shell.out(table(columns, results.map(row), shell.width, shell.bold));
}

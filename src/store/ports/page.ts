// One page of a list.

export interface Page<Row> {
  readonly rows: readonly Row[];
  /** Cursor of the next page; undefined on the last one. */
  readonly next: string | undefined;
}

export interface PageRequest {
  readonly limit: number;
  readonly cursor: string | undefined;
}

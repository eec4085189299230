// Where somebody was going when sign-in came between.
let wanted: string | undefined;

export function wantAfterSignIn(path: string): void {
  wanted = path;
}

/** Once; the keys where there was nothing. */
export function wantedPlace(): string {
  const place = wanted ?? '/keys/read-only';
  wanted = undefined;
  return place;
}

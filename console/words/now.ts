// What time it is: by this machine's clock, put right by the server's where the two are apart. A key has not ended because a laptop is fast.

let aheadMs = 0;
const hearing = new Set<() => void>();

/** Unix milliseconds. */
export const nowMs = (): number => Date.now() - aheadMs;

/** Milliseconds that this machine's clock is ahead of the server's. */
export function putClockRight(ahead: number): void {
  if (ahead === aheadMs) return;
  aheadMs = ahead;
  for (const hear of [...hearing]) hear();
}

/** Calls `hear` when the clock was put right. The result stops it. */
export function onClockRight(hear: () => void): () => void {
  hearing.add(hear);
  return () => hearing.delete(hear);
}

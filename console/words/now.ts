// What time it is: by this machine's clock, put right by the server's where the two are apart. A key has not ended because a laptop is fast.

let aheadMs = 0;
const hearing = new Set<() => void>();

/** Unix milliseconds. */
export const nowMs = (): number => Date.now() - aheadMs;

/** `ahead`: milliseconds that this machine's clock is ahead of the server's. Gives whether that is another than before. */
export function putClockRight(ahead: number): boolean {
  if (ahead === aheadMs) return false;
  aheadMs = ahead;
  for (const hear of [...hearing]) hear();
  return true;
}

/** Calls `hear` when the clock was put right. The result stops it. */
export function onClockRight(hear: () => void): () => void {
  hearing.add(hear);
  return () => hearing.delete(hear);
}

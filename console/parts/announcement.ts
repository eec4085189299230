// The last thing to be read out that stands nowhere else: the title of a page that was gone to.
let text = '';
const listeners = new Set<() => void>();

export function announce(next: string): void {
  text = next;
  for (const listener of listeners) listener();
}

export const announced = (): string => text;

export function onAnnouncement(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

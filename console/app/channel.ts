// What the tabs of this browser tell each other: two words, and nothing else is sent or heard.

export type Word = 'keys changed' | 'signed out';

const heard: { readonly [word in Word]: Set<() => void> } = { 'keys changed': new Set(), 'signed out': new Set() };

let channel: BroadcastChannel | undefined;

function opened(): BroadcastChannel {
  if (channel === undefined) {
    channel = new BroadcastChannel('countersign');
    channel.onmessage = ({ data }: { readonly data: unknown }) => {
      if (data === 'keys changed' || data === 'signed out') for (const hear of heard[data]) hear();
    };
  }
  return channel;
}

/** To the other tabs; this one does not hear it. */
export function tellTabs(word: Word): void {
  opened().postMessage(word);
}

/** The result stops it. */
export function hearTabs(word: Word, hear: () => void): () => void {
  opened();
  heard[word].add(hear);
  return () => heard[word].delete(hear);
}

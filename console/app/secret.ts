// A secret in a closure: no state that developer tools list, no serializer and no log sees its text. A string cannot be overwritten in
// JavaScript, so wiping drops the last reference to it.

export interface Secret {
  /** Throws once wiped. */
  read(): string;
  wipe(): void;
  readonly wiped: boolean;
}

interface Kept {
  text: string | undefined;
  readonly told: Set<() => void>;
}

const live = new Map<Secret, Kept>();

/** Wiped on sign-out and when the page is left, wherever it is then. */
export function createSecret(text: string): Secret {
  const kept: Kept = { text, told: new Set() };
  const secret: Secret = {
    read() {
      if (kept.text === undefined) throw new Error('This was removed from the page.');
      return kept.text;
    },
    wipe() {
      if (kept.text === undefined) return;
      kept.text = undefined;
      live.delete(secret);
      for (const tell of kept.told) tell();
    },
    get wiped() {
      return kept.text === undefined;
    },
  };
  live.set(secret, kept);
  return secret;
}

/** Calls `tell` once it is wiped, never at once. The result stops it. */
export function onWiped(secret: Secret, tell: () => void): () => void {
  const told = live.get(secret)?.told;
  told?.add(tell);
  return () => told?.delete(tell);
}

export function wipeAllSecrets(): void {
  for (const secret of [...live.keys()]) secret.wipe();
}

// A secret in a closure: no state that developer tools list, no serializer and no log sees its text. A string cannot be overwritten in
// JavaScript, so wiping drops the last reference to it.

export interface Secret {
  /** Throws once wiped. */
  read(): string;
  wipe(): void;
  readonly wiped: boolean;
  /** Calls `tell` once it is wiped, never at once. The result stops it. */
  onWiped(tell: () => void): () => void;
}

const live = new Set<Secret>();
/** Sign-outs of this page. */
let signOuts = 0;

/** Wiped on sign-out and when the page is left, wherever it is then. */
export function createSecret(text: string): Secret {
  let kept: string | undefined = text;
  const told = new Set<() => void>();
  const secret: Secret = {
    read() {
      if (kept === undefined) throw new Error('This was removed from the page.');
      return kept;
    },
    wipe() {
      if (kept === undefined) return;
      kept = undefined;
      live.delete(secret);
      for (const tell of [...told]) tell();
    },
    get wiped() {
      return kept === undefined;
    },
    onWiped(tell) {
      told.add(tell);
      return () => told.delete(tell);
    },
  };
  live.add(secret);
  return secret;
}

export function wipeAllSecrets(): void {
  for (const secret of [...live]) secret.wipe();
}

/** Taken before something secret is asked for: an answer that comes after a sign-out brings one that is wiped already. */
export function secretsOfAnswer(): (text: string) => Secret {
  const before = signOuts;
  return (text) => {
    const secret = createSecret(text);
    if (signOuts !== before) secret.wipe();
    return secret;
  };
}

/** What is on its way is wiped as it comes. */
export function wipeAtSignOut(): void {
  signOuts += 1;
  wipeAllSecrets();
}

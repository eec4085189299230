// The secret of a hand-off comes in the fragment of the address. It is taken out of there before anything else runs, so that neither the history
// nor a bookmark nor a look at the screen has it; nothing but the page of the hand-off is given it, once.

let fragment: string | undefined;
let heard: (() => void) | undefined;

/** Undefined where there is none, or it was given before. */
export function takeFragment(): string | undefined {
  const taken = fragment;
  fragment = undefined;
  return taken;
}

/** Another code was opened in this very tab. The result stops it. */
export function onFragment(tell: () => void): () => void {
  heard = tell;
  return () => {
    if (heard === tell) heard = undefined;
  };
}

function read(): void {
  const { pathname, hash } = location;
  if (hash === '' || !/^\/console\/hand-off\/?$/.test(pathname)) return;
  fragment = hash.slice(1);
  history.replaceState(history.state, '', pathname);
  heard?.();
}

read();
addEventListener('hashchange', read);

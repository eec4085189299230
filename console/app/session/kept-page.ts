// Pages that stay when the session ends: a form that stands in its page, or a write that is not certain yet. A dialog keeps its page by itself.

let reasons = 0;
let making = 0;

/** Until the result is called the person signs in again over the page, and nothing of it is lost. `makes`: something is being made there. */
export function keepPage({ makes = false }: { readonly makes?: boolean } = {}): () => void {
  const more = makes ? 1 : 0;
  reasons += 1;
  making += more;
  let isOver = false;
  return () => {
    if (isOver) return;
    isOver = true;
    reasons -= 1;
    making -= more;
  };
}

export const isPageKept = (): boolean => reasons > 0;
export const isMaking = (): boolean => making > 0;

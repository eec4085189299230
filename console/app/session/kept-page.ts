// Pages that stay when the session ends: a form that stands in its page, or a write that is not certain yet. A dialog keeps its page by itself.

let reasons = 0;

/** Until the result is called the person signs in again over the page, and nothing of it is lost. */
export function keepPage(): () => void {
  reasons += 1;
  let isOver = false;
  return () => {
    if (!isOver) reasons -= 1;
    isOver = true;
  };
}

export const isPageKept = (): boolean => reasons > 0;

// Where focus goes when a form is pressed that cannot be sent.

/** To the first field of the dialog that is wrong, after the page has drawn it as such. */
export function focusFirstWrong(): void {
  const wrong = ['[aria-invalid="true"]', 'fieldset[aria-describedby*="error"] input'];
  const selector = wrong.map((one) => `[role="dialog"] ${one}`).join();
  requestAnimationFrame(() => document.querySelector<HTMLElement>(selector)?.focus());
}

// The reader's theme: the system's, or the one that was chosen. theme-before-paint.js applies it when a document opens.

export type Theme = 'system' | 'light' | 'dark';

export function readTheme(): Theme {
  const kept = document.documentElement.dataset.theme;
  return kept === 'light' || kept === 'dark' ? kept : 'system';
}

/** At once, and kept for later visits where the browser keeps anything. */
export function chooseTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try {
    if (theme === 'system') localStorage.removeItem('theme');
    else localStorage.setItem('theme', theme);
  } catch {
    // Storage is switched off: it holds until the next reload.
  }
}

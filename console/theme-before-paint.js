// Runs before the first paint, in browsers of any age: the reader's theme, and whether the browser knows modules at all.
(() => {
  var root = document.documentElement;
  var theme;
  if (!('noModule' in HTMLScriptElement.prototype)) root.setAttribute('data-cannot', 'old');
  try {
    theme = localStorage.getItem('theme');
  } catch (_) {
    // Storage is switched off: the system's theme.
  }
  if (theme === 'light' || theme === 'dark') root.setAttribute('data-theme', theme);
})();

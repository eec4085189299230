// Runs before the first paint, in browsers of any age: the reader's theme, and the words for those that know no modules.
(() => {
  var root = document.documentElement;
  var theme;
  try {
    theme = localStorage.getItem('theme');
  } catch (_) {
    // Storage is switched off: the system's theme.
  }
  if (theme === 'light' || theme === 'dark') root.setAttribute('data-theme', theme);
  if (!('noModule' in HTMLScriptElement.prototype)) {
    document.addEventListener('DOMContentLoaded', () => {
      document.body.appendChild(document.getElementById('old').content);
    });
  }
})();

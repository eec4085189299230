// Which tests were left out because no Chromium is here, said once after a run of the tests. Plain CommonJS for an old Node.js (14.18).
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { ifPresent, say } = require('./run.cjs');

/** As in test/support/chromium.ts, which is what those tests go by. */
const NAMES = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
/** Each of them takes its reason from there. */
const SKIPPED_BY = /\bchromiumNeeded\b[^;']*from '/;

/** `args` are those of the run: where they name files, only these count. */
function tellLeftOut(root, args) {
  if (hasChromium()) return;
  const named = args.filter((arg) => !arg.startsWith('-'));
  const files = testsIn(root, 'test').filter(
    (file) =>
      (named.length === 0 || named.some((name) => file.includes(name))) &&
      SKIPPED_BY.test(fs.readFileSync(path.join(root, file), 'utf8')),
  );
  if (files.length === 0) return;
  say(
    `no Chromium is on the PATH, nor in CHROMIUM: the tests that need a browser were left out, of ${files.join(', ')}; ` +
      '`apt-get install chromium` brings one',
  );
}

function hasChromium() {
  if (process.env.CHROMIUM !== undefined) return true;
  const folders = (process.env.PATH || '').split(path.delimiter);
  return folders.some((folder) => NAMES.some((name) => fs.existsSync(path.join(folder, name))));
}

function testsIn(root, folder) {
  const entries = ifPresent(() => fs.readdirSync(path.join(root, folder), { withFileTypes: true })) || [];
  return entries.flatMap((entry) => {
    const name = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : testsIn(root, name);
    return name.endsWith('.test.ts') ? [name] : [];
  });
}

module.exports = { NAMES, tellLeftOut };

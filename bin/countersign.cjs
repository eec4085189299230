#!/usr/bin/env node
// The command of the installed package: runs dist/main.js in this process. Plain CommonJS, so that an old Node.js can say what is missing.
'use strict';

// Stays first: without a listener, Node.js opens its debugger at this signal.
process.on('SIGUSR1', () => undefined);

const fs = require('node:fs');
const path = require('node:path');

const OLDEST_NODE = 24;
const CLONE = path.join(__dirname, '..', 'start.cjs');

if (fs.existsSync(CLONE)) {
  // The package has no start.cjs: this is a clone, which runs its sources and may have to install first.
  require(CLONE);
} else if (Number.parseInt(process.versions.node, 10) >= OLDEST_NODE) {
  void import('../dist/main.js');
} else {
  process.stderr.write(
    `countersign: Node.js ${OLDEST_NODE} or newer is needed, and this is ${process.version}; ` +
      'put a newer one first on the PATH (https://nodejs.org) and run the same command again.\n',
  );
  process.exitCode = 1;
}

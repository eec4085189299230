// What the deployment files name exists: a setting that was renamed would stop the service at its next start.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { descriptorsNeeded } from '../../src/config/descriptors.ts';
import { loadConfig } from '../../src/config/load.ts';
import { settingNames, variableOf } from '../../src/config/schema.ts';
import { listedPages } from '../../src/http/pages.ts';

const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
const variables = new Set(settingNames.map(variableOf));

test.each(['Dockerfile', 'deploy/countersign.service', 'docs/deploying.md'])(
  '%s names only settings that exist',
  (file) => {
    const named = [...read(file).matchAll(/\bCSIGN_[A-Z_]+[A-Z]\b/g)].map(([name]) => name);
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((name) => !variables.has(name))).toEqual([]);
  },
);

test('the systemd unit allows the descriptors that the default settings need', () => {
  const { config } = loadConfig({ argv: [], env: {}, cwd: '/nowhere', readFile: () => '{}' });
  const [, allowed] = /^LimitNOFILE=(\d+)$/m.exec(read('deploy/countersign.service')) ?? [];
  expect(descriptorsNeeded(config)).toBeGreaterThan(config['http.max_connections']);
  expect(Number(allowed)).toBeGreaterThanOrEqual(descriptorsNeeded(config));
});

test('the health check of the image knows no port of its own, and the file that it runs is there', () => {
  const [, program = ''] =
    /^HEALTHCHECK .*\\\n {2}CMD \["node", "--disable-sigusr1", "(\S+)"\]$/m.exec(read('Dockerfile')) ?? [];
  expect(program).toMatch(/^dist\/\w+\.js$/);
  expect(read(program.replace(/^dist\/(\w+)\.js$/, 'src/$1.ts'))).not.toMatch(/8080|localhost:\d/);
});

test('no key and no database can be copied into an image', () => {
  const lines = read('.dockerignore').split('\n');
  expect(lines).toContain('*');
  expect(lines.filter((line) => line.startsWith('!')).sort()).toEqual([
    '!CHANGELOG.md',
    '!LICENSE',
    '!README.md',
    '!SECURITY.md',
    '!bin',
    '!build.mjs',
    '!console',
    '!deploy',
    '!docs',
    '!package-lock.json',
    '!package.json',
    '!src',
    '!tsconfig.build.json',
    '!tsconfig.json',
  ]);
});

test('no command of the page about deploying copies a folder with all that lies in it: the data and the master key may be there', () => {
  const commands = [...read('docs/deploying.md').matchAll(/^```\n(.*?)^```$/gms)]
    .map(([, block = '']) => block)
    .join('');
  expect(commands).toContain('npm pack');
  expect(commands).not.toMatch(/\b(?:cp|rsync)\b[^\n]* -\w*[ra]/);
});

test('the package, and with it the image, has every page that a server serves', () => {
  // npm packs README and LICENSE whatever the list says.
  const packed = [...manifest.files, 'README.md'];
  const files = listedPages.flatMap(({ pages }) => pages.map(({ file }) => file));
  expect(files.filter((file) => !packed.includes(file) && !packed.includes(file.split('/')[0] ?? ''))).toEqual([]);
  const visible = read('.dockerignore').split('\n');
  for (const file of [...packed, 'LICENSE']) {
    // dist is made in the image.
    if (file !== 'dist') expect(visible).toContain(`!${file.split('/')[0]}`);
  }
});

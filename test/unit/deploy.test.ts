// What the deployment files name exists: a setting that was renamed would stop the service at its next start.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
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

test('the health check of the image knows no port of its own, and what it runs is there', () => {
  const [, program = ''] =
    /^HEALTHCHECK .*\\\n {2}CMD \["node", "--disable-sigusr1", "(\S+)"\]$/m.exec(read('Dockerfile')) ?? [];
  expect(read(program)).not.toMatch(/8080|localhost:\d/);
});

test('no key and no database can be copied into an image', () => {
  const lines = read('.dockerignore').split('\n');
  expect(lines).toContain('*');
  expect(lines.filter((line) => line.startsWith('!')).sort()).toEqual([
    '!CHANGELOG.md',
    '!LICENSE',
    '!README.md',
    '!SECURITY.md',
    '!docs',
    '!package-lock.json',
    '!package.json',
    '!src',
  ]);
});

test('no command of the page about deploying copies a folder with all that lies in it: the data and the master key may be there', () => {
  const commands = [...read('docs/deploying.md').matchAll(/^```\n(.*?)^```$/gms)]
    .map(([, block = '']) => block)
    .join('');
  expect(commands).toContain('git archive HEAD');
  expect(commands).not.toMatch(/\b(?:cp|rsync)\b[^\n]* -\w*[ra]/);
});

test('the image has every page that a server serves', () => {
  const copied = [...read('Dockerfile').matchAll(/^COPY (?!--)(.+) \S+$/gm)].flatMap(([, from = '']) =>
    from.split(' '),
  );
  const files = listedPages.flatMap(({ pages }) => pages.map(({ file }) => file));
  expect(files.filter((file) => !copied.includes(file) && !copied.includes(file.split('/')[0] ?? ''))).toEqual([]);
});

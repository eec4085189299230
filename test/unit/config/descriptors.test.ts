// What a start does where the system allows fewer descriptors than the settings may need, and what the doctor says of it.
import { expect, test } from 'vitest';
import { checkDescriptors } from '../../../src/cli/doctor/descriptors.ts';
import { connectionsWithin, descriptorsAllowed, descriptorsNeeded } from '../../../src/config/descriptors.ts';
import { ConfigError, loadConfig } from '../../../src/config/load.ts';

const load = (...argv: string[]) =>
  loadConfig({ argv: ['--engine.workers=2', ...argv], env: {}, cwd: '/nowhere', readFile: () => '{}' });
const venue = '--upstream=http://127.0.0.1:9';

test('the descriptors that are needed are those that may be open at once: clients, the venue, the operator, threads and the rest', () => {
  expect(descriptorsNeeded(load(venue).config)).toBe(4096 + 128 + 130 + 2 * 8 + 100);
  expect(descriptorsNeeded(load(venue, '--http.max_connections=10', '--upstream.connections=7').config)).toBe(
    10 + 7 + 130 + 2 * 8 + 100,
  );
  // The built-in venue has the other ends of its connections in the same process.
  expect(descriptorsNeeded(load().config)).toBe(4096 + 256 + 130 + 2 * 8 + 100);
});

test('http.max_connections is in force where so many descriptors are allowed, or nobody can tell', () => {
  const loaded = load(venue);
  for (const allowed of [undefined, Number.POSITIVE_INFINITY, descriptorsNeeded(loaded.config)]) {
    expect(connectionsWithin(loaded, allowed)).toEqual({ most: 4096, problem: undefined });
  }
});

test('where too few descriptors are allowed, the default of http.max_connections gives way, and a set one is refused', () => {
  const { most, problem } = connectionsWithin(load(venue), 1024);
  expect(most).toBe(1024 - 128 - 130 - 16 - 100);
  expect(problem).toMatch(
    /may have 1024 descriptors open .*4096 connections need 4470: 650 connections are taken at most$/,
  );
  const asked = load(venue, '--http.max_connections=4096');
  expect(() => connectionsWithin(asked, 4469)).toThrow(ConfigError);
  expect(() => connectionsWithin(asked, 4469)).toThrow(/^http\.max_connections: .*or ask for 4095 at most$/);
  expect(connectionsWithin(load(venue, '--http.max_connections=650'), 1024)).toEqual({ most: 650, problem: undefined });
});

test('a start is refused where the allowed descriptors let hardly any client connect', () => {
  expect(connectionsWithin(load(venue), 128 + 130 + 16 + 100 + 16).most).toBe(16);
  expect(() => connectionsWithin(load(venue), 128 + 130 + 16 + 100 + 15)).toThrow(
    /^http\.max_connections: .*allow more$/,
  );
});

test('the number of descriptors that this process may have is read from Linux', () => {
  const allowed = descriptorsAllowed();
  if (process.platform === 'linux') expect(allowed).toBeGreaterThan(100);
  else expect(allowed).toBeUndefined();
});

test('the doctor says how many descriptors a start from here could have', () => {
  const { config } = load(venue);
  const said = (allowed: number) => {
    const { state, text } = checkDescriptors(config, allowed);
    return `${state}: ${text}`;
  };
  expect(said(4470)).toBe('ok: http.max_connections = 4096 and the rest need 4470; a start from here may have 4470');
  expect(said(4469)).toMatch(/^wrong: .* need 4470, and a start from here may have 4469: raise ulimit -n/);
  expect(said(Number.POSITIVE_INFINITY)).toMatch(/^ok: .* any number$/);
});

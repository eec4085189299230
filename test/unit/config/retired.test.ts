import { expect, test } from 'vitest';
import { ConfigError, loadConfig } from '../../../src/config/load.ts';
import { retiredNames } from '../../../src/config/retired.ts';
import { isSettingName, settingNames, variableOf } from '../../../src/config/schema.ts';

function problemsOf(given: { argv?: string[]; env?: Record<string, string>; file?: unknown }): readonly string[] {
  try {
    loadConfig({
      argv: given.argv ?? [],
      env: given.env ?? {},
      cwd: '/srv/cs',
      readFile: () => JSON.stringify(given.file ?? {}),
    });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

test("a setting's name of an earlier release is refused wherever it stands, and what to write now is named", () => {
  for (const name of retiredNames) {
    const nested = name.includes('.')
      ? { [name.split('.')[0] ?? '']: { [name.split('.')[1] ?? '']: 1 } }
      : { [name]: 1 };
    const all = [
      ...problemsOf({ argv: [`--${name}=1`] }),
      ...problemsOf({ env: { [variableOf(name)]: '1' } }),
      ...problemsOf({ file: { [name]: 1 } }),
      ...problemsOf({ file: nested }),
    ];
    expect(all).toEqual(Array.from({ length: 4 }, () => expect.stringContaining(' is not a setting any more; ')));
  }
});

test('a figure of an earlier release is named with the value that was written, so that copying it changes no limit', () => {
  const rest = { env: { CSIGN_RATE_LIMIT_PRIVATE_PER_MINUTE: '7' }, file: { rate_limit: { orders_per_second: 1600 } } };
  expect(problemsOf({ argv: ['--rate_limit.credential_orders_percent', '50'], ...rest })).toEqual([
    expect.stringContaining('; write orders=1600/s into rate_limit.override (in settings file'),
    expect.stringContaining('; write private=7/min into rate_limit.override'),
    expect.stringContaining('; write orders=50% and interactive-orders=50% into rate_limit.override'),
  ]);
  const secret = problemsOf({ file: { rate_limit: { orders_per_second: 'hunter2' }, 'view.capacity': 77777 } }).join();
  expect(secret).toContain('; write orders=800/s into rate_limit.override');
  expect(secret).not.toMatch(/hunter2|77777/);
});

test('the setting that is named in the place of a retired one is there', () => {
  for (const name of retiredNames) {
    expect(isSettingName(name)).toBe(false);
    const [problem = ''] = problemsOf({ argv: [`--${name}=1`] });
    const [, instead = ''] = problem.split(' any more; ');
    if (instead.startsWith('leave it out: ')) continue;
    expect(settingNames.filter((one) => instead.includes(one))).not.toEqual([]);
  }
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConfigError, describeSource, type LoadedConfig, loadConfig } from '../../../src/config/load.ts';
import { settingNames, settingOf, variableOf } from '../../../src/config/schema.ts';

interface Written {
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The text of countersign.json, by absolute path. */
  readonly files?: Readonly<Record<string, string>>;
}

const FILE = '/srv/cs/data/countersign.json';

function load({ argv = [], env = {}, files = {} }: Written): LoadedConfig {
  return loadConfig({
    argv,
    env,
    cwd: '/srv/cs',
    readFile: (path) => {
      const text = files[path];
      if (text === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
      return text;
    },
  });
}

const withFile = (json: unknown): Written => ({ files: { [FILE]: JSON.stringify(json) } });

function problemsOf(written: Written): readonly string[] {
  try {
    load(written);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('precedence', () => {
  test('a start without settings has the defaults, with paths completed from the working directory', () => {
    const { config, sources } = load({});
    for (const name of settingNames) {
      expect(sources[name]).toEqual({ kind: 'default' });
      if (settingOf[name].kind !== 'path') expect(config[name]).toEqual(settingOf[name].default);
    }
    expect(config['data.folder']).toBe('/srv/cs/data');
    expect(config['master_key.file']).toBe('/srv/cs/countersign-master.key');
    expect(config['routes.file']).toBe('');
  });

  test('a setting is taken from the flag, else the environment, else the file, else the default', () => {
    const files = { [FILE]: '{"login": {"max_age": 100}}' };
    const env = { CSIGN_LOGIN_MAX_AGE: '200' };
    const argv = ['--login.max_age=300'];
    expect(load({}).config['login.max_age']).toBe(604_800);
    expect(load({ files }).config['login.max_age']).toBe(100);
    expect(load({ files, env }).config['login.max_age']).toBe(200);
    expect(load({ files, env, argv }).config['login.max_age']).toBe(300);
  });

  test("the source of each setting's value is known and can be described", () => {
    const { sources } = load({
      files: { [FILE]: '{"log.level": "warn"}' },
      env: { CSIGN_SERVER_HOST: '::1' },
      argv: ['--port', '0'],
    });
    expect(describeSource(sources['log.level'])).toBe(`settings file "${FILE}"`);
    expect(describeSource(sources['server.host'])).toBe('environment variable CSIGN_SERVER_HOST');
    expect(describeSource(sources['server.port'])).toBe('flag --port');
    expect(describeSource(sources['jwt.issuer'])).toBe('default');
  });

  test('a value is checked also when a stronger source replaces it', () => {
    expect(problemsOf({ env: { CSIGN_SERVER_PORT: 'http' }, argv: ['--port=1'] })).toEqual([
      'server.port: "http" from environment variable CSIGN_SERVER_PORT is not accepted: it must be a whole number from 0 to 65535',
    ]);
  });

  test('all problems of the settings are reported together', () => {
    const problems = problemsOf({
      files: { [FILE]: '{"logn": {"max_age": 1}, "log": {"level": 3}}' },
      env: { CSIGN_SERVER_PROT: '1' },
      argv: ['--upstream.proof=mtls', '--nope', '--http.max_header_bytes=1', '--login.max_age=0'],
    });
    expect(problems).toHaveLength(7);
    expect(() => load({ argv: ['--log.level=x', '--nope'] })).toThrow(/--nope.*\nlog.level: /);
  });

  test('a frozen Config cannot be changed at any depth', () => {
    const loaded = load(withFile({ 'cors.origins': ['https://app.example'] }));
    const objects: unknown[] = [loaded];
    const reached: unknown[] = [];
    while (objects.length > 0) {
      const next = objects.pop();
      if (typeof next !== 'object' || next === null) continue;
      if (next !== loaded) reached.push(next);
      objects.push(...Object.values(next));
    }
    expect(reached.length).toBeGreaterThan(settingNames.length);
    for (const object of reached) expect(Object.isFrozen(object)).toBe(true);
  });
});

describe('the data folder decides which settings file is read', () => {
  const elsewhere = '/mnt/other/countersign.json';

  test("the data folder that decides which settings file is read is the flag's, else the environment's, else the default", () => {
    const files = {
      [FILE]: '{"jwt.issuer": "default"}',
      '/srv/cs/env/countersign.json': '{"jwt.issuer": "environment"}',
      [elsewhere]: '{"jwt.issuer": "flag"}',
    };
    const env = { CSIGN_DATA_FOLDER: 'env' };
    expect(load({ files }).config['jwt.issuer']).toBe('default');
    expect(load({ files, env }).config['jwt.issuer']).toBe('environment');
    expect(load({ files, env, argv: ['--data', '/mnt/other'] }).config['jwt.issuer']).toBe('flag');
  });

  test('a settings file cannot name another data folder', () => {
    expect(problemsOf(withFile({ data: { folder: '/mnt/other' } }))).toEqual([
      `data.folder: decides which settings file is read, so it cannot be set in settings file "${FILE}"`,
    ]);
  });

  test('an unusable data folder reads no settings file at all', () => {
    expect(problemsOf({ argv: ['--data='], files: { [FILE]: 'not JSON' } })).toEqual([
      'data.folder: "" from flag --data is not accepted: it must be a path',
    ]);
  });
});

describe('settings file', () => {
  test('a settings file may have nested and dotted members', () => {
    const { config } = load(withFile({ login: { max_age: 5000 }, 'tokens.max_live': 3 }));
    expect([config['login.max_age'], config['tokens.max_live']]).toEqual([5000, 3]);
  });

  test('a settings file that has a setting in both ways is refused', () => {
    expect(problemsOf(withFile({ login: { max_age: 1 }, 'login.max_age': 2 }))).toEqual([
      `login.max_age: set more than once in settings file "${FILE}"`,
    ]);
  });

  test('values in a settings file have the type of the setting, not text that looks like it', () => {
    for (const wrong of ['600', 600.5, -1, 604_801, true, null, [600], { value: 600 }]) {
      expect(problemsOf(withFile({ 'login.max_age': wrong }))).toHaveLength(1);
    }
    for (const wrong of ['true', 'on', 1, null]) {
      expect(problemsOf(withFile({ 'login.single_use': wrong }))).toHaveLength(1);
    }
    for (const wrong of ['https://app.example', [1], [['https://app.example']]]) {
      expect(problemsOf(withFile({ 'cors.origins': wrong }))).toHaveLength(1);
    }
  });

  test('an unknown member of a settings file is named with the nearest setting, and its value is not repeated', () => {
    const problems = problemsOf(
      withFile({ upstream: { secrt: 'p4ssphrase-of-the-venue' }, constructor: 1, a: { b: 2 } }),
    );
    expect(problems).toEqual([
      expect.stringContaining('"upstream.secrt" is not a setting; did you mean upstream.secret?'),
      expect.stringContaining('"constructor" is not a setting'),
      expect.stringContaining('"a.b" is not a setting'),
    ]);
    expect(problems.join()).not.toContain('p4ssphrase');
    for (const problem of problems) expect(problem).toContain(FILE);
  });

  test('a __proto__ member of a settings file is an unknown setting like any other', () => {
    expect(problemsOf({ files: { [FILE]: '{"__proto__": {"host": "::"}}' } })).toEqual([
      expect.stringContaining('"__proto__.host" is not a setting'),
    ]);
  });

  test('a group in a settings file must be an object', () => {
    expect(problemsOf(withFile({ login: 600 }))).toEqual([
      `login: is a group of settings and must be an object in settings file "${FILE}"`,
    ]);
    expect(problemsOf(withFile({ login: {} }))).toEqual([]);
  });

  test('a settings file must hold one JSON object', () => {
    for (const text of ['[]', 'null', '"x"', '1']) {
      expect(problemsOf({ files: { [FILE]: text } })).toEqual([`settings file "${FILE}" must hold one JSON object`]);
    }
    expect(load({ files: { [FILE]: '\uFEFF{"log.level": "warn"}' } }).config['log.level']).toBe('warn');
  });

  test('a settings file of broken JSON is refused without quoting it, because it may hold the secret', () => {
    const problems = problemsOf({ files: { [FILE]: '{\n  "upstream.secret": hunter2-hunter2\n}' } });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(`settings file "${FILE}" is not JSON`);
    expect(problems[0]).not.toContain('hunter2');
  });

  test('a deeply nested settings file is refused, not followed', () => {
    const deep = `${'{"login":'.repeat(5000)}1${'}'.repeat(5000)}`;
    expect(problemsOf({ files: { [FILE]: deep } })).toHaveLength(1);
    expect(problemsOf({ files: { [FILE]: `{"log.level": ${'['.repeat(5000)}${']'.repeat(5000)}}` } })).toHaveLength(1);
  });

  test('an overlong settings file is refused', () => {
    expect(problemsOf({ files: { [FILE]: `{}${' '.repeat(4 * 1024 * 1024)}` } })).toEqual([
      `settings file "${FILE}" is longer than 4194304 characters`,
    ]);
  });

  test('a settings file that is there and cannot be read stops the start', () => {
    const denied = () => {
      throw Object.assign(new Error('permission denied'), { code: 'EACCES' });
    };
    expect(() => loadConfig({ argv: [], env: {}, cwd: '/srv/cs', readFile: denied })).toThrow(
      `settings file "${FILE}" cannot be read (EACCES)`,
    );
  });
});

describe('environment', () => {
  test('every setting has an environment variable of its own', () => {
    expect(new Set(settingNames.map(variableOf)).size).toBe(settingNames.length);
    expect(variableOf('login.max_age')).toBe('CSIGN_LOGIN_MAX_AGE');
  });

  test('COUNTERSIGN_* and all other variables but CSIGN_* are ignored', () => {
    const env = {
      COUNTERSIGN_SERVER_PORT: 'tcp://10.0.0.1:80',
      SERVER_PORT: '1',
      csign_server_port: '2',
      PATH: '/bin',
    };
    expect(load({ env }).config['server.port']).toBe(8080);
  });

  test('an unknown CSIGN_ variable is refused, with the nearest one and without its value', () => {
    expect(problemsOf({ env: { CSIGN_UPSTREAM_SECRETS: 'hunter2' } })).toEqual([
      'environment variable "CSIGN_UPSTREAM_SECRETS" is not a setting; did you mean CSIGN_UPSTREAM_SECRET?',
    ]);
    expect(problemsOf({ env: { CSIGN_Server_Port: '1' } })).toHaveLength(1);
  });

  test('an unset variable sets nothing, an empty one sets an empty value', () => {
    expect(load({ env: { CSIGN_SERVER_PORT: undefined } }).config['server.port']).toBe(8080);
    expect(problemsOf({ env: { CSIGN_SERVER_PORT: '' } })).toHaveLength(1);
    expect(load({ env: { CSIGN_SIWE_DOMAINS: '' } }).config['siwe.domains']).toEqual([]);
  });
});

describe('flags', () => {
  test('a flag takes its value after an equals sign or as the next argument', () => {
    expect(load({ argv: ['--login.max_age=600'] }).config['login.max_age']).toBe(600);
    expect(load({ argv: ['--login.max_age', '600'] }).config['login.max_age']).toBe(600);
    expect(load({ argv: ['--jwt.issuer=a=b'] }).config['jwt.issuer']).toBe('a=b');
  });

  test('the short forms of flags set the same as the long names', () => {
    const { config } = load({
      argv: ['--port', '1', '--host=::1', '--data', '/d', '--upstream', 'http://127.0.0.1:9', '--rate-limit', 'off'],
    });
    expect([config['server.port'], config['server.host'], config['data.folder']]).toEqual([1, '::1', '/d']);
    expect(config['upstream.url']).toMatchObject({ origin: 'http://127.0.0.1:9' });
    expect(config['rate_limit.enabled']).toBe(false);
  });

  test('the flag of a switch without a value is on, and takes a following word only when that is one of its own', () => {
    expect(load({ argv: ['--tokens.may_read_keys', '--port', '1'] }).config['tokens.may_read_keys']).toBe(true);
    expect(load({ argv: ['--tokens.may_read_keys'] }).config['tokens.may_read_keys']).toBe(true);
    expect(load({ argv: ['--login.plain_subkey', 'false'] }).config['login.plain_subkey']).toBe(false);
    expect(problemsOf({ argv: ['--tokens.may_read_keys', 'maybe'] })).toEqual([
      'argument "maybe" is not expected; a setting is written --name=value',
    ]);
    expect(problemsOf({ argv: ['--tokens.may_read_keys=maybe'] })).toHaveLength(1);
  });

  test('a flag without its value is refused, and does not swallow the next flag', () => {
    expect(problemsOf({ argv: ['--port'] })).toEqual(['server.port: flag --port needs a value']);
    expect(problemsOf({ argv: ['--port', '--host'] })).toEqual([
      'server.port: flag --port needs a value',
      'server.host: flag --host needs a value',
    ]);
  });

  test('a setting given by two flags is refused, whatever its spelling', () => {
    expect(problemsOf({ argv: ['--port=1', '--server.port=1'] })).toEqual(['server.port: set by more than one flag']);
  });

  test('an unknown flag is refused with the nearest one, and its value is neither repeated nor taken for an argument', () => {
    for (const argv of [['--login.max-age=7'], ['--login.max-age', '7'], ['--max_age', '7']]) {
      expect(problemsOf({ argv })).toEqual([
        expect.stringMatching(/is not a setting; did you mean --login\.max_age\?$/),
      ]);
    }
    expect(problemsOf({ argv: ['--upstream.secrett', 'hunter2'] }).join()).not.toContain('hunter2');
    expect(problemsOf({ argv: ['--hots=::1'] })).toEqual(['flag "--hots" is not a setting; did you mean --host?']);
  });

  test('names from Object.prototype are no flags of settings', () => {
    for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
      expect(problemsOf({ argv: [`--${name}=1`] })).toHaveLength(1);
    }
  });

  test('an argument that is not a flag is refused', () => {
    for (const argument of ['serve', '-p', '--', '-', '']) {
      expect(problemsOf({ argv: [argument] })).toEqual([
        `argument ${JSON.stringify(argument)} is not expected; a setting is written --name=value`,
      ]);
    }
  });
});

describe('what is printed', () => {
  const secret = 'correct-horse-battery-staple-correct-horse';
  const proof = { CSIGN_UPSTREAM_PROOF: 'secret' };

  test('a secret setting is usable, and no log line or JSON of the Config shows it', () => {
    const { config } = load({ env: { ...proof, CSIGN_UPSTREAM_SECRET: secret } });
    expect(config['upstream.secret']?.reveal()).toBe(secret);
    expect(JSON.stringify(config)).not.toContain(secret);
    expect(settingOf['upstream.secret'].show(config['upstream.secret'])).toBe('(secret)');
  });

  test('a refused secret is never repeated', () => {
    const wrong = [
      problemsOf({ env: { ...proof, CSIGN_UPSTREAM_SECRET: 'too-short-hunter2' } }),
      problemsOf(withFile({ 'upstream.proof': 'secret', 'upstream.secret': 'too-short-hunter2' })),
      problemsOf(withFile({ 'upstream.proof': 'secret', 'upstream.secret': { value: 'hunter2' } })),
      problemsOf(withFile({ 'upstream.proof': 'secret', 'upstream.secret': ['hunter2'] })),
    ];
    for (const problems of wrong) {
      expect(problems).toEqual([
        expect.stringMatching(
          /^upstream\.secret: the value \(not shown\) from .* is not accepted: it must be 32 to 256/,
        ),
      ]);
    }
  });

  test('a secret is not accepted as a flag, in either form', () => {
    for (const argv of [[`--upstream.secret=${secret}`], ['--upstream.secret', secret]]) {
      const problems = problemsOf({ argv });
      expect(problems).toEqual([expect.stringContaining('upstream.secret: a secret is not accepted as a flag')]);
      expect(problems.join()).not.toContain(secret);
    }
  });

  test('a password inside the URL of a setting is never repeated', () => {
    for (const name of ['upstream.url', 'starknet_fullnode_rpc_url', 'proxy.trusted']) {
      const problems = problemsOf({ argv: [`--${name}=http://user:hunter2@venue.example`] });
      expect(problems).toHaveLength(1);
      expect(problems.join()).not.toContain('hunter2');
    }
  });

  test('refused values and names cannot write control characters to a terminal, and are cut', () => {
    const nasty = `\u001b[2J\u009b\u202e${'x'.repeat(500)}`;
    const problems = [
      ...problemsOf({ argv: [`--log.level=${nasty}`, nasty, `--${nasty}`] }),
      ...problemsOf({ env: { [`CSIGN_${nasty}`]: '1' } }),
      ...problemsOf(withFile({ [nasty]: nasty, 'log.level': nasty })),
    ];
    expect(problems).toHaveLength(6);
    for (const problem of problems) {
      expect(problem).toMatch(/^[\x20-\x7e]+$/);
      expect(problem.length).toBeLessThan(400);
    }
  });
});

test('settings of any text and values give a Config or a ConfigError', () => {
  const name = fc.oneof(fc.constantFrom(...settingNames), fc.string());
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.string(),
          fc.tuple(name, fc.string()).map(([flag, value]) => `--${flag}=${value}`),
        ),
      ),
      fc.dictionary(fc.oneof(name.map(variableOf), fc.string()), fc.string()),
      fc.oneof(
        fc.string(),
        fc.json(),
        fc.dictionary(name, fc.jsonValue()).map((json) => JSON.stringify(json)),
      ),
      (argv, env, text) => {
        for (const problem of problemsOf({ argv, env, files: { [FILE]: text } })) expect(problem).not.toBe('');
      },
    ),
    { numRuns: 300 },
  );
});

test('every text value of a setting that is accepted is shown as text that is accepted again, as the same value', () => {
  const { config } = load({});
  for (const name of settingNames) {
    const setting = settingOf[name];
    if (setting.secret) continue;
    const again = load({ argv: [`--${name}=${showOf(name, config)}`] }).config[name];
    expect(again).toEqual(config[name]);
  }
});

function showOf<Name extends (typeof settingNames)[number]>(name: Name, config: LoadedConfig['config']): string {
  return settingOf[name].show(config[name]);
}

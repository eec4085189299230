// countersign config: whether the settings would be accepted, and what is in force and why. Never a secret.

import { leftOutSentence, prepare } from '../../compose/prepare.ts';
import { ConfigError, type LoadedConfig } from '../../config/load.ts';
import { shownSettings } from '../../config/shown.ts';
import { readSettings, reporting } from '../operator-client.ts';
import { table } from '../output.ts';
import { readArguments } from '../read-arguments.ts';

export async function config(argv: readonly string[]): Promise<number> {
  return reporting('config', async () => {
    const { verb, json, settings } = readArguments('config', argv);
    if (verb === 'check') process.stdout.write(json ? checkForProgram(settings) : checked(settings));
    else
      process.stdout.write(json ? asJson(readSettings('config', settings)) : asTable(readSettings('config', settings)));
  });
}

/** What a start would be told of, though it starts. */
function warningsOf(settings: readonly string[]): readonly string[] {
  const { leftOut } = prepare(readSettings('config', settings)).routes;
  return leftOut.length === 0 ? [] : [leftOutSentence(leftOut)];
}

const checked = (settings: readonly string[]): string =>
  `${[...warningsOf(settings).map((warning) => `warning: ${warning}`), 'all settings are accepted'].join('\n')}\n`;

/** Says on stdout, too, what is wrong. */
function checkForProgram(settings: readonly string[]): string {
  try {
    return `${JSON.stringify({ accepted: true, warnings: warningsOf(settings) })}\n`;
  } catch (error) {
    if (error instanceof ConfigError) {
      process.stdout.write(`${JSON.stringify({ accepted: false, problems: error.problems })}\n`);
    }
    throw error;
  }
}

const asTable = (loaded: LoadedConfig): string =>
  table([['SETTING', 'VALUE', 'FROM'], ...shownSettings(loaded).map(({ name, value, from }) => [name, value, from])]);

function asJson(loaded: LoadedConfig): string {
  const rows = shownSettings(loaded).map(({ name, value }) => ({ name, value, source: loaded.sources[name] }));
  return `${JSON.stringify(rows, undefined, 2)}\n`;
}

// countersign config: checks the settings, and shows each with its source. It prints no secret.
import { leftOutSentence, prepare } from '../../compose/prepare.ts';
import { ConfigError, type LoadedConfig } from '../../config/load.ts';
import { shownSettings } from '../../config/shown.ts';
import { table } from '../output.ts';
import type { Typed, TypedSettings } from '../program.ts';
import { readSettings, reporting } from '../reporting.ts';

export async function config({ verb, json, settings }: Typed): Promise<number> {
  return reporting('config', async () => {
    if (verb === 'check') process.stdout.write(json ? checkForProgram(settings) : checked(settings));
    else process.stdout.write(json ? asJson(readSettings(settings)) : asTable(readSettings(settings)));
  });
}

/** Of a start with these settings, which would succeed. */
function warningsOf(settings: TypedSettings): readonly string[] {
  const { leftOut } = prepare(readSettings(settings)).routes;
  return leftOut.length === 0 ? [] : [leftOutSentence(leftOut)];
}

const checked = (settings: TypedSettings): string =>
  `${[...warningsOf(settings).map((warning) => `warning: ${warning}`), 'all settings are accepted'].join('\n')}\n`;

/** Problems go to stdout: a program reads nothing else. */
function checkForProgram(settings: TypedSettings): string {
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

// Whether the running server has the settings that the doctor was given. Files and environment may have changed since its start; then the
// doctor checks something else than what runs.
import { operatorToken } from '../../compose/operator-token.ts';
import type { LoadedConfig } from '../../config/load.ts';
import { type ShownSetting, shownSettings } from '../../config/shown.ts';
import { listOf, membersOf, textOf } from '../answer.ts';
import { findOperator } from '../operator-call.ts';
import { type Finding, note, ok } from './finding.ts';
import { ANSWER_MS } from './server.ts';

const CHECK = 'running with';

/** None when no server runs or answers, which other findings say. Secrets are compared only by whether they are set. */
export async function checkRunningSettings(held: boolean, loaded: LoadedConfig): Promise<readonly Finding[]> {
  const address = held ? findOperator(loaded.config['data.folder']) : undefined;
  if (address === undefined) return [];
  let there: Map<string, string>;
  try {
    const response = await address.call('/operator/v1/settings', {
      signal: AbortSignal.timeout(ANSWER_MS),
      headers: { Authorization: `Bearer ${operatorToken(loaded.config, { mayCreate: false })}` },
    });
    // An older release has no such route.
    if (!response.ok) return [];
    const rows = listOf(membersOf(await response.text()), 'results');
    there = new Map(rows.map((row) => [textOf(row, 'name'), textOf(row, 'value')]));
  } catch {
    return [];
  }
  const differing = shownSettings(loaded).filter(({ name, value }) => (there.get(name) ?? value) !== value);
  if (differing.length === 0) return [ok(CHECK, 'the settings that are looked at here')];
  const said = differing.map((here) => differenceOf(here, there.get(here.name) ?? ''));
  return [
    note(
      CHECK,
      `other settings than are looked at here: ${said.join('; ')}. A restart takes what was changed since its start`,
    ),
  ];
}

const differenceOf = ({ name, value, from }: ShownSetting, there: string): string =>
  `${name} is ${valueText(there)} there, ${valueText(value)} here (${from})`;

/** A list of a thousand proxies is not for one line. */
const MOST_SHOWN = 120;
const valueText = (value: string): string =>
  value === '' ? 'empty' : value.length > MOST_SHOWN ? `${value.slice(0, MOST_SHOWN)}...` : value;

// Writes docs/metrics.md from the table of metrics and from prom-client's list of process metrics: the page names every metric and no
// other. After a change of the table: npx node src/telemetry/document.ts > docs/metrics.md
import { processRegistry } from './exposition.ts';
import { type Metric, metrics } from './metrics.ts';

const introduction = `# Metrics

<!-- Generated from src/telemetry/metrics.ts: npx node src/telemetry/document.ts > docs/metrics.md -->

\`GET /metrics\` of the operator's listener, in the text format of Prometheus ([how to read it](operator.md#metrics)). Durations are
seconds, sizes bytes. The values of every label come from closed lists: no figure names an account, a credential, an address or
anything that a client wrote, so that nobody outside can add series without end. Counters start at 0 with the process.
`;

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');

const row = ({ name, type, labels, help }: Metric): string =>
  `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${cell(help)} |`;

/** The whole text of docs/metrics.md. The last part is that of the platform it is made on. */
export async function metricsDocument(): Promise<string> {
  const groups = Map.groupBy(metrics, ({ group }) => group);
  const own = [...groups].map(
    ([group, members]) =>
      `## ${group}\n\n| name | type | labels | meaning |\n|---|---|---|---|\n${members.map(row).join('\n')}\n`,
  );
  const ofProcess = (await processRegistry().getMetricsAsJSON()).map(
    ({ name, type, help }) => `| \`${name}\` | ${type} | ${cell(help)} |`,
  );
  return [
    introduction,
    ...own,
    `## Process\n\nOf Node.js and the operating system; these are of Linux.\n\n| name | type | meaning |\n|---|---|---|\n${ofProcess.join('\n')}\n`,
  ].join('\n');
}

if (import.meta.main) process.stdout.write(await metricsDocument());

// Runs the venue as a process of its own, for a Countersign started with `--upstream`. Ends on SIGTERM or SIGINT.
import { startVenue } from './server.ts';

const { VENUE_SECRET: secret = '', VENUE_LISTEN: where = '127.0.0.1:9090' } = process.env;
const [, path, host = '', port] = /^(?:unix:(.+)|(?:http:\/\/)?\[?([0-9.:]+?)\]?:(\d+))$/.exec(where) ?? [];
try {
  const venue = await startVenue({ secret, listen: path === undefined ? { host, port: Number(port) } : { path } });
  process.stdout.write(`demo venue on ${venue.address}\n`);
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => void venue.close());
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}; see src/demo-venue/README.md\n`);
  process.exitCode = 1;
}

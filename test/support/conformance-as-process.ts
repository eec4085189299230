// Runs the conformance of the client library in whichever program runs this file: the ground is its first argument, the outcomes are printed.
import { conform } from './conformance.ts';

const { process }: { readonly process?: { readonly argv: readonly string[] } } = globalThis as {
  process?: { argv: string[] };
};
// biome-ignore lint/suspicious/noConsole: every JavaScript has it.
console.log(JSON.stringify(await conform(JSON.parse(process?.argv[2] ?? ''))));

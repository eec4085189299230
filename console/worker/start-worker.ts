// The one worker of the console, started through the one Trusted Types policy: it knows a single address, whatever it is handed.
import address from './main-key.worker.ts?worker&url';

interface Policy {
  createScriptURL(text: string): string;
}

interface PolicyFactory {
  createPolicy(name: string, rules: { createScriptURL(): string }): Policy;
}

/** Absent in browsers that know no Trusted Types: there the address is text. */
const factory = (globalThis as { readonly trustedTypes?: PolicyFactory }).trustedTypes;
// A policy of this name can be made once.
const policy = factory?.createPolicy('countersign-worker', { createScriptURL: () => address });

export const startMainKeyWorker = (): Worker =>
  new Worker(policy?.createScriptURL('') ?? address, { type: 'module', name: 'main key' });

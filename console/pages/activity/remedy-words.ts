// What the one button says that mends a refusal.
import type { Remedy } from '../../../src/client/main.ts';

export function buttonWords(remedy: Remedy): string {
  switch (remedy.kind) {
    case 'add_address':
      return `Add ${remedy.address}…`;
    case 'change_addresses':
      return 'Change addresses';
    case 'add_subkey':
      return 'Add a subkey';
    case 'add_a_key_like_it':
      return 'Add a key like it';
  }
}

import { join } from 'node:path';
import { OPERATOR_TOKEN_FILE, openOperatorToken } from '../operator/token-file.ts';
import type { Slice } from './slice.ts';

/** The token in force. Throws OperatorTokenUnusable. */
export const operatorToken = (config: Slice<'data' | 'operator'>, options: { readonly mayCreate: boolean }): string =>
  config['operator.token']?.reveal() ?? openOperatorToken(join(config['data.folder'], OPERATOR_TOKEN_FILE), options);

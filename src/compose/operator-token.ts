import { join } from 'node:path';
import type { Config } from '../config/schema.ts';
import { OPERATOR_TOKEN_FILE, openOperatorToken } from '../operator/token-file.ts';

/** The token in force. Throws OperatorTokenUnusable. */
export const operatorToken = (config: Config, options: { readonly mayCreate: boolean }): string =>
  config['operator.token']?.reveal() ?? openOperatorToken(join(config['data.folder'], OPERATOR_TOKEN_FILE), options);

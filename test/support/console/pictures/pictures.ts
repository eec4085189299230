// What is photographed: each picture has a name, whose page it is, and the steps that lead to it.
import { hardCases } from './hard-cases.ts';
import { ofKeys } from './of-keys.ts';
import { rest } from './rest.ts';
import type { Picture } from './scene.ts';
import { signedOut } from './signed-out.ts';

export const pictures: readonly Picture[] = [...signedOut, ...ofKeys, ...rest, ...hardCases];

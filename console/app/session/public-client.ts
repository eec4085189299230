// The client without a session: what the server is, its clock, look-ups, the taking of a hand-off.
import { type Client, createClient } from '../../../src/client/create-client.ts';

let made: Client | undefined;

/** Made when it is first used: a browser too old for it must still be able to load the page that says so. */
export const publicClient = new Proxy({} as Client, {
  get: (_, part) => {
    made ??= createClient({ url: location.origin });
    return Reflect.get(made, part);
  },
});

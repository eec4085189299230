// What an owner may call a key: the server's own rule, for forms that say at once what it would refuse.
export { parseCredentialName } from '../domain/credential-name.ts';

// Logins: the headers that prove one, which handlers read by themselves, and the session that is answered.
import Type from 'typebox';
import { closed } from './common.ts';

export const JwtWire = Type.Object(
  {
    jwt_token: Type.String({
      description:
        'From a login the session, a JWT of 300 seconds to be sent as bearer; else the terminal token, which is no bearer.',
    }),
  },
  closed,
);

const Account = Type.String({
  description: 'The account: its Starknet address, 0x hex. Also when a subkey signs.',
  pattern: '^0[xX][0-9a-fA-F]{1,64}$',
});
const StarkSignature = Type.String({
  description: 'JSON array ["r","s"] of two strings, decimal or 0x hex: the Stark signature.',
  maxLength: 256,
});
const seconds = { pattern: '^[0-9]{1,12}$' };
const Timestamp = Type.String({ description: 'When it was signed, in unix seconds.', ...seconds });
const Expiration = Type.String({
  description:
    'Until when the signature may log in, in unix seconds. Left out: 1800 s after the timestamp, or login.max_age where that is less.',
  ...seconds,
});
const EvmSignature = Type.String({
  description: '0x hex of 65 bytes: the EIP-191 signature of the message, with a low s.',
  pattern: '^0[xX][0-9a-fA-F]{130}$',
});
const SiweMessage = Type.String({
  description: 'Base64 of the EIP-4361 message, byte for byte as it was signed.',
});
const isolated = {
  'PARADEX-AUTHORIZE-ISOLATED-MARKETS': Type.Optional(
    Type.String({
      description: 'true or false (default): the session may act for isolated-market accounts.',
      pattern: '^(?:[tT][rR][uU][eE]|[fF][aA][lL][sS][eE])$',
    }),
  ),
};
const stark = { 'PARADEX-STARKNET-ACCOUNT': Account, 'PARADEX-STARKNET-SIGNATURE': StarkSignature };
const wallet = {
  'PARADEX-STARKNET-ACCOUNT': Account,
  'PARADEX-EVM-SIGNATURE': EvmSignature,
  'PARADEX-SIWE-MESSAGE': SiweMessage,
};

export const StarkLoginHeaders = Type.Object({
  ...stark,
  'PARADEX-TIMESTAMP': Timestamp,
  'PARADEX-SIGNATURE-EXPIRATION': Type.Optional(Expiration),
  ...isolated,
});
export const WalletLoginHeaders = Type.Object({ ...wallet, ...isolated });
export const StarkOnboardingHeaders = Type.Object({
  ...stark,
  'PARADEX-ETHEREUM-ACCOUNT': Type.String({
    description: 'A label of the account, kept and never proven. 0x0 is accepted.',
  }),
});
export const WalletOnboardingHeaders = Type.Object(wallet);
/** In the place of a bearer: those of a login by the main key, or by the wallet. */
export const OwnerHeaders = Type.Object({
  'PARADEX-STARKNET-ACCOUNT': Type.Optional(Account),
  'PARADEX-STARKNET-SIGNATURE': Type.Optional(StarkSignature),
  'PARADEX-TIMESTAMP': Type.Optional(Timestamp),
  'PARADEX-SIGNATURE-EXPIRATION': Type.Optional(Expiration),
  'PARADEX-EVM-SIGNATURE': Type.Optional(EvmSignature),
  'PARADEX-SIWE-MESSAGE': Type.Optional(SiweMessage),
});

export const PublicKeyParams = Type.Object({
  public_key: Type.String({ description: 'Stark public key, 0x hex.', pattern: '^0[xX][0-9a-fA-F]{1,64}$' }),
});

/** Other values are ignored. */
export const LoginQuery = Type.Object({
  token_usage: Type.Optional(
    Type.String({
      description: 'interactive asks for a session with that claim; any other value is ignored.',
      examples: ['interactive'],
    }),
  ),
});

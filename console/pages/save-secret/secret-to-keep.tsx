// A new secret, to be copied, downloaded or put into a program; the box that says that it was saved stands below.
import type { Ref } from 'react';
import type { Secret } from '../../app/secret.ts';
import { useApiUrl } from '../../app/server/use-api-url.ts';
import { Button } from '../../parts/button.tsx';
import { Checkbox } from '../../parts/checkbox.tsx';
import { SecretBox } from '../../parts/secret-box.tsx';
import { envFileName, envFileOf } from '../../words/env-file.ts';
import type { SnippetKind } from '../../words/snippets.ts';
import { downloadText } from './download-text.ts';
import css from './secret-to-keep.module.css';
import { Snippets } from './snippets.tsx';

export interface SecretToKeepProps {
  kind: SnippetKind;
  /** Undefined where it is not known: on the device that took a hand-off. */
  name?: string | undefined;
  secret: Secret;
  account: string;
  /** Unix nanoseconds; undefined or 0n: no end. */
  expiresAt?: bigint | undefined;
  /** Of a subkey. */
  publicKey?: string | undefined;
  saved: boolean;
  onSaved: (saved: boolean) => void;
  copyRef?: Ref<HTMLButtonElement> | undefined;
}

export function SecretToKeep(props: SecretToKeepProps) {
  const { kind, name, secret, account, expiresAt, publicKey, saved, onSaved, copyRef } = props;
  const server = useApiUrl();
  const download = () => {
    const text = envFileOf({ kind, server, account, publicKey, secret: secret.read() });
    downloadText(envFileName(kind, name ?? ''), text);
  };
  const what = kind === 'token' ? 'Read-only key' : 'Private key';
  // The isolates keep a name that runs from right to left within its quotes.
  const label = name === undefined ? what : `${what} of ‘\u2068${name}\u2069’`;
  return (
    <>
      <div className={css.secret}>
        <SecretBox secret={secret} label={label} copyRef={copyRef} />
        <Button small icon="download" onPress={download}>
          Download .env
        </Button>
      </div>
      <Snippets kind={kind} account={account} expiresAt={expiresAt} />
      <Checkbox label="I have saved it where my bot can read it" checked={saved} onChange={onSaved} />
    </>
  );
}

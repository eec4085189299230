// Programs that use a key, in tabs.
import { useState } from 'react';
import { useApiUrl } from '../../app/server/use-api-url.ts';
import { CodeBlock } from '../../parts/code-block.tsx';
import { Tabs } from '../../parts/tab-links.tsx';
import { type SnippetKind, snippetsOf } from '../../words/snippets.ts';
import css from './snippets.module.css';

export interface SnippetsProps {
  kind: SnippetKind;
  account: string;
  /** Unix nanoseconds; undefined or 0n: no end. */
  expiresAt?: bigint | undefined;
}

export function Snippets({ kind, account, expiresAt }: SnippetsProps) {
  const server = useApiUrl();
  const snippets = snippetsOf(kind, { server, account, expiresAt });
  const [chosen, setChosen] = useState<string>();
  const current = snippets.find(({ id }) => id === chosen) ?? snippets[0];
  if (current === undefined) return null;
  return (
    <Tabs label="Connect a program" tabs={snippets} current={current.id} onChange={setChosen}>
      <CodeBlock key={current.id} label={current.label} code={current.code} />
      {current.install !== undefined && (
        <p className={css.install}>
          First <code>{current.install}</code>
        </p>
      )}
    </Tabs>
  );
}

// Text for a terminal or an editor.
import css from './code-block.module.css';
import { CopyButton } from './copy-button.tsx';

export function CodeBlock({ label, code }: { label: string; code: string }) {
  return (
    <div className={css.block}>
      <section aria-label={label}>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls sideways. */}
        <pre className={css.code} tabIndex={0}>
          {code}
        </pre>
      </section>
      <div className={css.copy}>
        <CopyButton label={`Copy ${label}`} read={() => code}>
          Copy
        </CopyButton>
      </div>
    </div>
  );
}

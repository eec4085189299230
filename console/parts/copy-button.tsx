// Copies, and says so when the clipboard has it.
import type { ReactNode, Ref } from 'react';
import { Button, type ButtonKind } from './button.tsx';
import { useCopying } from './clipboard.ts';
import { Live } from './live.tsx';
import { VisuallyHidden } from './visually-hidden.tsx';

export interface CopyButtonProps {
  /** The button's name, and its words where it has no children: "Copy", "Copy link instead". */
  label: string;
  /** Read at the press, so that nothing is kept for it. */
  read: () => string | Promise<string>;
  onCopied?: (() => void) | undefined;
  /** The browser would not. */
  onRefused?: (() => void) | undefined;
  kind?: ButtonKind | undefined;
  small?: boolean | undefined;
  buttonRef?: Ref<HTMLButtonElement> | undefined;
  children?: ReactNode;
}

export function CopyButton(props: CopyButtonProps) {
  const { label, read, onCopied, onRefused, kind, small = true, buttonRef, children } = props;
  const { copied, copy } = useCopying();
  const press = async () => {
    if (await copy(read)) onCopied?.();
    else onRefused?.();
  };
  return (
    <>
      <Button
        kind={kind}
        small={small}
        buttonRef={buttonRef}
        icon={copied ? 'check' : 'copy'}
        aria-label={children === undefined ? undefined : label}
        onPress={() => void press()}
      >
        {children ?? label}
      </Button>
      <VisuallyHidden>
        <Live>{copied ? 'Copied' : ''}</Live>
      </VisuallyHidden>
    </>
  );
}

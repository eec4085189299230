// A component of a file of its own: shown at once where the file is there already.
import { type ComponentType, type FunctionComponent, lazy, useState } from 'react';
import type { LoadedOnce } from './loaded-once.ts';

export function shownLater<Props extends object>(
  once: LoadedOnce<{ readonly default: ComponentType<Props> }>,
): FunctionComponent<Props> {
  const Waited: ComponentType<Props> = lazy(() => once.load());
  return function Shown(props: Props) {
    // What it was first it stays: another type would lose its state.
    const [Now] = useState<ComponentType<Props>>(() => once.file?.default ?? Waited);
    return <Now {...props} />;
  };
}

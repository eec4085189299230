// What breaks while it is shown is gone alone: a dialog beside it with a secret, the places and Sign out stay.
import { Component, type ReactNode } from 'react';
import { useLocation } from 'wouter';
import { Button } from './button.tsx';
import { Page } from './page.tsx';
import { ReadFailed } from './read-failed.tsx';
import { Refusal } from './refusal.tsx';

interface BoundaryProps {
  /** Another place is another try. */
  at: string;
  instead: (error: unknown, again: () => void) => ReactNode;
  children: ReactNode;
}

interface BoundaryState {
  at: string;
  broken: { readonly error: unknown } | undefined;
}

// React gives what was thrown to classes alone.
class Boundary extends Component<BoundaryProps, BoundaryState> {
  override state: BoundaryState = { at: this.props.at, broken: undefined };

  static getDerivedStateFromError = (error: unknown): Partial<BoundaryState> => ({ broken: { error } });

  static getDerivedStateFromProps = ({ at }: BoundaryProps, before: BoundaryState): Partial<BoundaryState> | null =>
    at === before.at ? null : { at, broken: undefined };

  override render(): ReactNode {
    const { broken } = this.state;
    if (broken === undefined) return this.props.children;
    return this.props.instead(broken.error, () => this.setState({ broken: undefined }));
  }
}

/** A part of a page. */
export function Contained({ children }: { children: ReactNode }) {
  const [at] = useLocation();
  return (
    <Boundary at={at} instead={(error, again) => <ReadFailed error={error} onAgain={again} />}>
      {children}
    </Boundary>
  );
}

/** A whole page, or a file of it that did not come: the files of another build have other names. */
export function ContainedPage({ children }: { children: ReactNode }) {
  const [at] = useLocation();
  return (
    <Boundary
      at={at}
      instead={(error) => (
        <Page title="This page broke">
          <Refusal error={error} />
          <Button onPress={() => location.reload()}>Reload the page</Button>
        </Page>
      )}
    >
      {children}
    </Boundary>
  );
}

// A path that is no page's.
import { LinkButton } from '../../parts/link-button.tsx';
import { Page } from '../../parts/page.tsx';

export default function NotFoundPage() {
  return (
    <Page title="There is no such page.">
      <LinkButton href="/keys/read-only">Key Management</LinkButton>
    </Page>
  );
}

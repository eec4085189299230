import { Link } from 'wouter';

export default function NotFoundPage() {
  return (
    <>
      <h1>There is no such page.</h1>
      <Link href="/keys/read-only">Key Management</Link>
    </>
  );
}

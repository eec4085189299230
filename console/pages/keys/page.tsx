export default function ThisPage() {
  return <h1>Key Management</h1>;
}

export default function ThisPage() {
  return <h1>One key</h1>;
}

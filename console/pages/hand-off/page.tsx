export default function ThisPage() {
  return <h1>Hand-off</h1>;
}

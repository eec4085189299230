export default function ThisPage() {
  return <h1>Sign in</h1>;
}

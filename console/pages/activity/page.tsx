export default function ThisPage() {
  return <h1>Activity</h1>;
}

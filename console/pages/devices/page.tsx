export default function ThisPage() {
  return <h1>Devices</h1>;
}

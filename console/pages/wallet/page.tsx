export default function ThisPage() {
  return <h1>Wallet</h1>;
}

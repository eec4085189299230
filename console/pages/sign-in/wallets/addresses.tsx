// Which address, of a wallet that shows several.
import { Row } from '../../../parts/row.tsx';
import { shortAddress } from '../../../words/wallet-problems.ts';
import css from '../sign-in.module.css';

export function Addresses(props: { addresses: readonly string[]; onChoose: (address: string) => void }) {
  return (
    <div className={css.stack}>
      <h3>Which account?</h3>
      {props.addresses.map((address) => (
        <Row
          key={address}
          icon="wallet"
          title={shortAddress(address)}
          line={address}
          mono
          onPress={() => props.onChoose(address)}
        />
      ))}
    </div>
  );
}

// Which address, of a wallet that shows several.
import { Row } from '../../../parts/row.tsx';
import css from '../sign-in.module.css';
import { shortAddress } from './problems.ts';

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

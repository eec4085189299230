// Which wallet: every one that announces itself, by the name, picture and domain that it claims.
import { Button } from '../../parts/button.tsx';
import { Name } from '../../parts/name.tsx';
import { Note } from '../../parts/note.tsx';
import { Row } from '../../parts/row.tsx';
import { type FoundWallet, sameNames } from './announced.ts';
import css from './choose-wallet.module.css';
import { useWallets } from './discover.ts';

export function ChooseWallet({ onChoose }: { onChoose: (wallet: FoundWallet) => void }) {
  const { wallets, lookAgain } = useWallets();
  if (wallets.length === 0) return <NoWallet onLook={lookAgain} />;
  return (
    <div className={css.list}>
      {sameNames(wallets).map((name) => (
        <Note key={name} kind="warn">
          Two wallets call themselves <Name>{name}</Name>. Check which one you installed.
        </Note>
      ))}
      {wallets.map((wallet) => (
        <Row
          key={wallet.id}
          picture={wallet.icon}
          icon="wallet"
          title={<Name>{wallet.name}</Name>}
          line={wallet.rdns === '' ? undefined : wallet.rdns}
          mono
          onPress={() => onChoose(wallet)}
        />
      ))}
    </div>
  );
}

function NoWallet({ onLook }: { onLook: () => void }) {
  return (
    <Note kind="info" title="No wallet found in this browser." action={<Button onPress={onLook}>Look again</Button>}>
      Install one, or open this page in the browser that has it. In Firefox, update MetaMask: older ones cannot start on
      pages as strict as this one.
    </Note>
  );
}

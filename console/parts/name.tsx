// Somebody else's words: the name of a key, a wallet, a device. Always a text node, in a direction of its own.
import css from './name.module.css';

export function Name({ children }: { children: string }) {
  return (
    <bdi className={css.name} title={children}>
      {children}
    </bdi>
  );
}

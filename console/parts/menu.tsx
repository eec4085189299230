// A button that opens a list of things to do.
import { Menu as Base } from '@base-ui/react/menu';
import type { ReactNode } from 'react';
import buttonCss from './button.module.css';
import { classNames } from './class-names.ts';
import { Icon, type IconName } from './icon.tsx';
import css from './menu.module.css';

export interface MenuItem {
  label: string;
  onPress: () => void;
  icon?: IconName | undefined;
  danger?: boolean | undefined;
}

export function Menu({
  label,
  items,
  children,
}: {
  label: string;
  items: readonly MenuItem[];
  /** Instead of the label, which is then the button's name. */
  children?: ReactNode;
}) {
  return (
    <Base.Root modal={false}>
      <Base.Trigger
        className={classNames(buttonCss.button, children !== undefined && buttonCss.quiet)}
        aria-label={children === undefined ? undefined : label}
      >
        {children ?? label}
      </Base.Trigger>
      <Base.Portal>
        <Base.Positioner sideOffset={4} collisionPadding={8} align="start" className={css.positioner}>
          <Base.Popup className={css.popup}>
            {items.map((item) => (
              <Base.Item
                key={item.label}
                className={classNames(css.item, item.danger && css.danger)}
                onClick={item.onPress}
              >
                {item.icon && <Icon name={item.icon} />}
                {item.label}
              </Base.Item>
            ))}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

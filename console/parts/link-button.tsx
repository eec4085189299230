// A link that looks like a button, because it goes to another page.
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import css from './button.module.css';
import type { ButtonKind } from './button.tsx';
import { classNames } from './class-names.ts';
import { Icon, type IconName } from './icon.tsx';

export interface LinkButtonProps {
  /** Within the console: "/keys/subkeys". */
  href: string;
  children: ReactNode;
  kind?: ButtonKind | undefined;
  icon?: IconName | undefined;
  small?: boolean | undefined;
  'aria-label'?: string | undefined;
}

export function LinkButton({ href, children, kind = 'plain', icon, small, ...rest }: LinkButtonProps) {
  return (
    <Link
      href={href}
      className={classNames(css.button, kind !== 'plain' && css[kind], small && css.small)}
      aria-label={rest['aria-label']}
    >
      {icon && <Icon name={icon} />}
      {children}
    </Link>
  );
}

// What stands around every page of somebody who is signed in: the places, the account, the bars.
import { type ReactNode, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { Dialog } from '../../parts/dialog.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Tooltip } from '../../parts/tooltip.tsx';
import { shortId } from '../../words/short-id.ts';
import type { SignedIn } from '../session/session.tsx';
import { Account } from './account.tsx';
import { Mark } from './mark.tsx';
import { isAt, places } from './places.ts';
import css from './shell.module.css';
import { Shortcuts } from './shortcuts.tsx';
import { useWidth } from './width.ts';

export function Shell({ signedIn, bars, children }: { signedIn: SignedIn; bars?: ReactNode; children: ReactNode }) {
  const width = useWidth();
  const [listed, setListed] = useState(false);
  // Nothing can be asked any more, so nothing else is offered: the page stays for what it says.
  const isOver = signedIn.over === true;
  return (
    <div className={css.shell}>
      <a className={css.skip} href="#content">
        Skip to content
      </a>
      <header className={css.header}>
        <Brand isLink={!isOver} />
        {!isOver && <Places icons={width === 'middle'} />}
        {!isOver && width === 'wide' && (
          <div className={css.account}>
            <Account signedIn={signedIn} onKeyboard={() => setListed(true)} />
          </div>
        )}
        {!isOver && width !== 'wide' && <AccountSheet signedIn={signedIn} onKeyboard={() => setListed(true)} />}
      </header>
      <main id="content" tabIndex={-1} className={css.main}>
        {bars}
        <div className={css.page}>{children}</div>
      </main>
      {!isOver && <Shortcuts listed={listed} onListed={setListed} />}
    </div>
  );
}

function Brand({ isLink }: { isLink: boolean }) {
  const brand = (
    <>
      <Mark />
      <span className={css.brandName}>Countersign</span>
    </>
  );
  if (!isLink) return <span className={css.brand}>{brand}</span>;
  return (
    <Link href="/keys/read-only" className={css.brand} aria-label="Countersign">
      {brand}
    </Link>
  );
}

function Places({ icons }: { icons: boolean }) {
  const [path] = useLocation();
  return (
    <nav aria-label="Main" className={css.nav}>
      <ul>
        {places.map(({ href, under, label, short, icon }) => {
          const link = (
            <Link href={href} className={css.place} aria-current={isAt(path, under) ? 'page' : undefined}>
              <Icon name={icon} size={18} />
              <span className={css.long}>{label}</span>
              <span className={css.short}>{short}</span>
            </Link>
          );
          return (
            <li key={href}>
              {icons ? (
                <Tooltip text={label} described={false}>
                  {link}
                </Tooltip>
              ) : (
                link
              )}
            </li>
          );
        })}
      </ul>
    </nav>
  );
}

/** Where the side bar has no room for it, a button opens the account. */
function AccountSheet({ signedIn, onKeyboard }: { signedIn: SignedIn; onKeyboard: () => void }) {
  const [open, setOpen] = useState(false);
  const short = shortId(signedIn.account);
  return (
    <>
      <button
        type="button"
        className={css.sheetButton}
        aria-haspopup="dialog"
        aria-label={`Account ${short}`}
        onClick={() => setOpen(true)}
      >
        <span className={css.sheetWhole}>{short}</span>
        <span className={css.sheetEnd}>{short.slice(-4)}</span>
      </button>
      <Dialog open={open} title="Account" size="480" onClose={() => setOpen(false)}>
        <Account
          signedIn={signedIn}
          onLeave={() => setOpen(false)}
          onKeyboard={() => {
            setOpen(false);
            onKeyboard();
          }}
        />
      </Dialog>
    </>
  );
}

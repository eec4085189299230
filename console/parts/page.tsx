// A page: its title in the window and at its head, which has focus after a change of page.
import { type ReactNode, useEffect, useLayoutEffect, useRef } from 'react';
import { useLocation } from 'wouter';
import { announce } from './announcement.ts';
import css from './page.module.css';

export interface PageProps {
  /** In the window's title, "title · Countersign". */
  title: string;
  /** The h1, where it is not the title. */
  heading?: ReactNode;
  lead?: ReactNode;
  actions?: ReactNode;
  /** Paths with the same `at` are the same page, and going from one to another leaves focus alone: a dialog that has a path of its own. */
  at?: string | undefined;
  children?: ReactNode;
}

/** What was shown last; the first page of a visit leaves focus where the browser has it. */
let shown: string | undefined;
/** The heading that had focus is gone with its page: what was read stands in the place of what was on its way. */
let hadFocus = false;

export function Page({ title, heading, lead, actions, at, children }: PageProps) {
  const [path] = useLocation();
  const h1 = useRef<HTMLHeadingElement>(null);
  const place = at ?? path;
  useLayoutEffect(() => {
    const heading = h1.current;
    return () => {
      hadFocus = heading !== null && heading === document.activeElement;
    };
  }, []);
  useEffect(() => {
    document.title = `${title} · Countersign`;
    if (shown !== undefined && shown !== place) {
      window.scrollTo(0, 0);
      h1.current?.focus({ preventScroll: true });
      announce(title);
    } else if (hadFocus) h1.current?.focus({ preventScroll: true });
    hadFocus = false;
    shown = place;
  }, [title, place]);
  return (
    <>
      <div className={css.head}>
        <div className={css.words}>
          <h1 ref={h1} tabIndex={-1}>
            {heading ?? title}
          </h1>
          {lead !== undefined && <p className={typeof lead === 'string' ? css.lead : css.under}>{lead}</p>}
        </div>
        {actions !== undefined && <div className={css.actions}>{actions}</div>}
      </div>
      {children}
    </>
  );
}

// Single keys: what each of them does, when it does it, and the dialog that lists them and switches them off.
import { Fragment, useEffect, useEffectEvent, useState } from 'react';
import { useLocation } from 'wouter';
import { Checkbox } from '../../parts/checkbox.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { places } from './places.ts';
import css from './shortcuts.module.css';

/** After `g` the second key has this long. */
const SEQUENCE_MS = 1500;
/** How long `n` looks for its button on the page that it went to. */
const ADD_MS = 3000;

const table: readonly (readonly [keys: readonly string[], does: string])[] = [
  [['Tab', 'Shift+Tab'], 'everything, in reading order; inside a dialog it stays there'],
  [['Enter', 'Space'], 'press; Enter in a one-field form submits it, in the address box it is a line break'],
  [['Esc'], 'closes a tooltip, a menu, a dialog that holds nothing to lose; asks where something was typed'],
  [['←', '→', '↑', '↓'], 'within chips, menus, the chart’s days'],
  [['/'], 'to the search, outside fields'],
  ...places.map(({ key, label }) => [['g', key], label] as const),
  [['n'], '+ Add New Key'],
  [['?'], 'this table'],
];

function readOff(): boolean {
  try {
    return localStorage.getItem('shortcuts') === 'off';
  } catch {
    return false;
  }
}

function keepOff(off: boolean): void {
  try {
    if (off) localStorage.setItem('shortcuts', 'off');
    else localStorage.removeItem('shortcuts');
  } catch {
    // Storage is switched off: it holds until the next reload.
  }
}

const isField = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(?:input|textarea|select)$/i.test(target.tagName));
const aDialogIsOpen = () => document.querySelector('[role="dialog"], [role="alertdialog"], [role="menu"]') !== null;
const addButton = () => document.querySelector<HTMLElement>('main [aria-keyshortcuts="n"]');

/** It has focus when what it opens closes again. */
function press(button: HTMLElement): void {
  button.focus({ preventScroll: true });
  button.click();
}

/** Presses "+ Add New Key" as soon as the page has it. */
function pressAdd(): void {
  const found = new MutationObserver(() => {
    const button = addButton();
    if (button === null) return;
    found.disconnect();
    press(button);
  });
  found.observe(document.body, { childList: true, subtree: true });
  setTimeout(() => found.disconnect(), ADD_MS);
}

/** `listed`: the dialog is open; a button opens it too, for whoever switched the letters off. */
export function Shortcuts({ listed, onListed }: { listed: boolean; onListed: (listed: boolean) => void }) {
  const [, go] = useLocation();
  const [off, setOff] = useState(readOff);
  /** When `g` was pressed, by the event's clock. */
  const [since, setSince] = useState<number>();

  const pressed = useEffectEvent((event: KeyboardEvent) => {
    const { key } = event;
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (isField(event.target) || aDialogIsOpen()) return;
    if (off) return;
    const place =
      since !== undefined && event.timeStamp - since < SEQUENCE_MS && places.find((each) => each.key === key);
    setSince(key === 'g' && !place ? event.timeStamp : undefined);
    if (place) go(place.href);
    else if (key === '?') onListed(true);
    else if (key === '/') document.querySelector<HTMLElement>('main input[type="search"]')?.focus();
    else if (key === 'n') {
      const button = addButton();
      if (button !== null) press(button);
      else {
        pressAdd();
        go('/keys/read-only');
      }
    } else return;
    event.preventDefault();
  });
  useEffect(() => {
    const listen = (event: KeyboardEvent) => pressed(event);
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, []);

  return (
    <Dialog open={listed} title="Keyboard" onClose={() => onListed(false)}>
      <dl className={css.table}>
        {table.map(([keys, does]) => (
          <div key={keys.join(' ')}>
            <dt>
              {keys.map((key, at) => (
                <Fragment key={key}>
                  {at > 0 && ' '}
                  <kbd>{key}</kbd>
                </Fragment>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <Checkbox
        label="Single letters work"
        hint="/, g, n and ?. This table also opens by its button beside “Sign out”."
        checked={!off}
        onChange={(on) => {
          setOff(!on);
          keepOff(!on);
        }}
      />
    </Dialog>
  );
}

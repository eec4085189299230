// A tooltip only adds: the exact time, the full id. It opens on hover and focus, can be hovered, and Esc closes it.
import { Tooltip as Base } from '@base-ui/react/tooltip';
import { type ReactElement, type ReactNode, useId, useState } from 'react';
import css from './tooltip.module.css';

export interface TooltipProps {
  text: ReactNode;
  /** One element; what is no button, link or field brings its own `tabIndex={0}`. */
  children: ReactElement<Record<string, unknown>>;
  /** false: the child says the same by itself. */
  described?: boolean | undefined;
}

export function Tooltip({ text, children, described = true }: TooltipProps) {
  const id = useId();
  const [open, setOpen] = useState(false);
  const by = children.props['aria-describedby'];
  return (
    <Base.Root open={open} onOpenChange={setOpen}>
      <Base.Trigger
        render={children}
        delay={400}
        closeOnClick={false}
        {...(described && open && { 'aria-describedby': typeof by === 'string' ? `${by} ${id}` : id })}
      />
      <Base.Portal>
        <Base.Positioner sideOffset={6} collisionPadding={8} className={css.positioner}>
          <Base.Popup id={id} role="tooltip" className={css.popup}>
            {text}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

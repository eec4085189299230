// A line that says what has just happened, for 6 seconds and never as the only place that does.
import { Toast as Base } from '@base-ui/react/toast';
import type { ReactNode } from 'react';
import { Icon } from './icon.tsx';
import css from './toast.module.css';

const manager = Base.createToastManager();
const show = (text: ReactNode): void => {
  manager.add({ description: text, timeout: 6000 });
};

/** Gives the function that shows a toast. */
export const useToast = (): ((text: ReactNode) => void) => show;

/** Once, around everything: where the toasts stand. */
export function Toasts({ children }: { children: ReactNode }) {
  return (
    <Base.Provider toastManager={manager} timeout={6000} limit={3}>
      {children}
      <Base.Portal>
        <Base.Viewport className={css.viewport}>
          <List />
        </Base.Viewport>
      </Base.Portal>
    </Base.Provider>
  );
}

/** Base UI calls each of them a dialog; whatever asks for open dialogs must not find it. */
const notADialog = { role: 'group', 'aria-modal': undefined } as const;

function List() {
  const { toasts } = Base.useToastManager();
  return toasts.map((toast) => (
    <Base.Root key={toast.id} toast={toast} {...notADialog} className={css.toast} swipeDirection={['left', 'down']}>
      <Base.Description className={css.text} />
      {/* It can be reached by Tab while the list is folded, too. */}
      <Base.Close className={css.close} aria-label="Close" aria-hidden={false}>
        <Icon name="close" />
      </Base.Close>
    </Base.Root>
  ));
}

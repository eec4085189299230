// What keeps somebody on a page whose dialog would be lost: a reload and a closed tab ask, and Back stays.
import { useEffect, useEffectEvent } from 'react';

let last = 0;

/**
 * While `on` is true the browser asks before the page goes, and Back leaves page and dialog as they are and calls `onBack`.
 *
 * Back cannot be refused, so one entry of the history is put in front of the page's own, and again each time that Back took it away.
 */
export function useStay(on: boolean, onBack?: () => void): void {
  const back = useEffectEvent(() => onBack?.());
  useEffect(() => {
    if (!on) return;
    last += 1;
    const mark = { stays: last };
    const stay = () => history.pushState(mark, '');
    const isOurs = () => (history.state as typeof mark | null)?.stays === mark.stays;
    const popped = () => {
      if (isOurs()) return;
      stay();
      back();
    };
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    stay();
    window.addEventListener('popstate', popped);
    window.addEventListener('beforeunload', ask);
    return () => {
      window.removeEventListener('popstate', popped);
      window.removeEventListener('beforeunload', ask);
      // The entry goes with the dialog, unless the page has moved on since, and then going back would undo that.
      setTimeout(() => {
        if (isOurs()) history.back();
      });
    };
  }, [on]);
}

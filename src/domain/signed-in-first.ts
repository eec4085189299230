// Who comes first where those who are signed in wait apart from all others: of four turns they have three, so that a flood of strangers
// does not delay them, and the others one, so that they are not shut out. Pure: it knows neither what waits nor what is served.

/**
 * Takes the next one, by asking at first those whose turn it is and then the others. A turn is over when somebody was served, whichever
 * of them.
 */
export type TakeNext = <Taken>(take: (signedIn: boolean) => Taken | undefined) => Taken | undefined;

const TURNS = 4;

export function createSignedInFirst(): TakeNext {
  let turn = 0;
  return (take) => {
    const signedIn = turn < TURNS - 1;
    const taken = take(signedIn) ?? take(!signedIn);
    if (taken !== undefined) turn = (turn + 1) % TURNS;
    return taken;
  };
}

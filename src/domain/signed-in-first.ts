// Turns between clients that are signed in and all others: three of four go to the signed in, so that a flood of strangers does not delay
// them, and one to the others, so that they are not shut out. Pure: it knows neither what waits nor what is served.

/** Takes the next one: first from the group whose turn it is, then from the other. A turn ends when anyone was served. */
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

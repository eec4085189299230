// Whether a person is there. A session may begin only after a key press, a tap or a move of the pointer since the last one: what the page
// reads on its own keeps nobody signed in.

export interface Presence {
  /** A person did something. */
  moved(): void;
  /** A session began: the next waits for a person. */
  began(): void;
  /** Resolves when a session may begin. */
  permitted(): Promise<void>;
  /** Until the result is called sessions may begin by themselves. */
  hold(): () => void;
  readonly isHeld: boolean;
  /** Nobody did anything since the last session began. */
  readonly isResting: boolean;
}

export function createPresence(): Presence {
  // Whoever loads the page is there.
  let isThere = true;
  let holds = 0;
  let waiting: (() => void)[] = [];
  const letIn = () => {
    const all = waiting;
    waiting = [];
    for (const enter of all) enter();
  };
  return {
    moved() {
      isThere = true;
      letIn();
    },
    began() {
      isThere = false;
    },
    async permitted() {
      if (!isThere && holds === 0) await new Promise<void>((enter) => waiting.push(enter));
    },
    hold() {
      holds += 1;
      letIn();
      let isOver = false;
      return () => {
        if (!isOver) holds -= 1;
        isOver = true;
      };
    },
    get isHeld() {
      return holds > 0;
    },
    get isResting() {
      return !isThere && holds === 0;
    },
  };
}

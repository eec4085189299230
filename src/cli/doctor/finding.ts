// One line of the doctor's report. It holds paths, times and names, never a secret.

/** `note` is for people to know; only `wrong` makes the doctor fail. */
export type FindingState = 'ok' | 'note' | 'wrong';

export interface Finding {
  readonly check: string;
  readonly state: FindingState;
  readonly text: string;
}

export const ok = (check: string, text: string): Finding => ({ check, state: 'ok', text });
export const note = (check: string, text: string): Finding => ({ check, state: 'note', text });
export const wrong = (check: string, text: string): Finding => ({ check, state: 'wrong', text });

/** What went wrong in words; the operating system's own where it refused. */
export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

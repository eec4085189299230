// Who acts when no credential does: the operator by command, or the passing of time. Such an act is audited like any other.

export interface OperatorAct {
  /** As audit rows name it. */
  readonly actor: 'operator' | 'schedule';
  readonly requestId: string;
  /** Where the command came from; empty for what time does. */
  readonly clientIp: string;
}

/** What becomes due by itself. */
export const bySchedule: OperatorAct = { actor: 'schedule', requestId: '', clientIp: '' };

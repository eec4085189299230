// An act without a credential: a command of the operator, or something that fell due. It is audited like any other.

export interface OperatorAct {
  /** As audit rows name it. */
  readonly actor: 'operator' | 'schedule';
  readonly requestId: string;
  /** Address of the command; empty for the schedule. */
  readonly clientIp: string;
}

/** For what falls due by itself. */
export const bySchedule: OperatorAct = { actor: 'schedule', requestId: '', clientIp: '' };

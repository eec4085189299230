// A read-only key that was made, and whose text got lost: nobody has it, so it goes.
import type { Write } from '../../app/connection/connection.tsx';
import { Button } from '../../parts/button.tsx';
import { Name } from '../../parts/name.tsx';
import { Note } from '../../parts/note.tsx';
import { Refusal } from '../../parts/refusal.tsx';
import { clock } from '../../words/times.ts';

interface LostTokenProps {
  name: string;
  /** Unix nanoseconds. */
  madeAt: bigint;
  deletion: Write;
  onDelete: () => void;
}

export function LostToken({ name, madeAt, deletion, onDelete }: LostTokenProps) {
  return (
    <Note
      kind="bad"
      live
      action={
        <Button small busy={deletion.isBusy} onPress={onDelete}>
          Delete it and make another
        </Button>
      }
    >
      ‘<Name>{name}</Name>’ was made at {clock(madeAt)}, but its text got lost on the way. Nobody has it.
      {deletion.words !== undefined && <> {deletion.words}</>}
      {deletion.error !== undefined && <Refusal error={deletion.error} />}
    </Note>
  );
}

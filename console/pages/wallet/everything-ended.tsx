// What ended. The device of this page ended with it, so the page asks nothing more, and stays until it is left.
import { useSignedIn } from '../../app/session/session.tsx';
import { Button } from '../../parts/button.tsx';
import { Card } from '../../parts/card.tsx';
import { Name } from '../../parts/name.tsx';
import { Page } from '../../parts/page.tsx';
import { ShortId } from '../../parts/short-id.tsx';
import { refusedWords } from '../../words/receipts.ts';
import { SignInAgain } from '../devices/sign-in-again.tsx';
import { downloadText } from '../save-secret/download-text.ts';
import { type Ended, fileNameOfEnded, rowsOf, textOfEnded } from './ended.ts';
import css from './page.module.css';

interface EverythingEndedProps {
  readonly ended: Ended;
  readonly signInAt: number | undefined;
}

export function EverythingEnded({ ended, signInAt }: EverythingEndedProps) {
  const { account } = useSignedIn();
  const rows = rowsOf(ended.list);
  return (
    <Page
      title="Everything is ended"
      at="/ended"
      lead={refusedWords(ended.at, ended.receipt)}
      actions={
        <Button icon="download" onPress={() => downloadText(fileNameOfEnded(ended), textOfEnded(ended, account))}>
          Download this list
        </Button>
      }
    >
      <div className={css.cards}>
        <Card title="What ended">
          <ul className={css.ended}>
            {rows.map(({ kind, name, id }) => (
              <li key={`${kind} ${id}`}>
                <span className={css.endedKind}>{kind}</span>
                <span className={css.endedName}>
                  <Name>{name}</Name>
                </span>
                <ShortId value={id} />
              </li>
            ))}
          </ul>
        </Card>
        {signInAt !== undefined && <SignInAgain at={signInAt} />}
      </div>
    </Page>
  );
}

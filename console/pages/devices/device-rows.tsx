// The devices of the account, the one that is looked from among them.
import { useRef, useState } from 'react';
import type { Device } from '../../../src/client/main.ts';
import { useWrite } from '../../app/connection/connection.tsx';
import { keysChanged } from '../../app/queries/query-client.ts';
import { signOut, useSignedIn } from '../../app/session/session.tsx';
import { Badge } from '../../parts/badge.tsx';
import { Button } from '../../parts/button.tsx';
import { classNames } from '../../parts/class-names.ts';
import { Name } from '../../parts/name.tsx';
import { Refusal } from '../../parts/refusal.tsx';
import tableCss from '../../parts/table.module.css';
import { Time } from '../../parts/time.tsx';
import { useToast } from '../../parts/toast.tsx';
import { useNarrow } from '../../parts/use-narrow.ts';
import { VisuallyHidden } from '../../parts/visually-hidden.tsx';
import { nowMs } from '../../words/now.ts';
import { refusedWords } from '../../words/receipts.ts';
import { toNs } from '../../words/times.ts';
import css from './device-rows.module.css';

export function DeviceRows({ devices }: { readonly devices: readonly Device[] }) {
  const { deviceId } = useSignedIn();
  const names = useRef(new Map<string, HTMLElement>());
  const keep = (id: string) => (element: HTMLElement | null) => {
    if (element === null) names.current.delete(id);
    else names.current.set(id, element);
  };
  /** The row is gone: focus goes to the next one's name. */
  const goneFrom = (id: string) => {
    const at = devices.findIndex((device) => device.id === id);
    const next = devices[at + 1] ?? devices[at - 1];
    if (next !== undefined) names.current.get(next.id)?.focus();
  };
  const rows = devices.map((device) => ({
    device,
    isThis: device.id === deviceId,
    nameRef: keep(device.id),
    onGone: () => goneFrom(device.id),
  }));
  return useNarrow() ? (
    <ul className={css.list} aria-label="Devices">
      {rows.map((row) => (
        <li key={row.device.id} className={tableCss.item}>
          <Named {...row} />
          <dl className={css.facts}>
            <dt>Signed in</dt>
            <dd>
              <Time ns={row.device.created_at} form="relative" />
            </dd>
            <dt>Last seen</dt>
            <dd>
              <Seen device={row.device} between=" · " />
            </dd>
            <dt>Ends</dt>
            <dd>
              <Time ns={row.device.expires_at} form="until" />
            </dd>
          </dl>
          <SignOut {...row} />
        </li>
      ))}
    </ul>
  ) : (
    <table className={classNames(tableCss.table, css.devices)} aria-label="Devices">
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">Signed in</th>
          <th scope="col">Last seen</th>
          <th scope="col">Ends</th>
          <th scope="col">
            <VisuallyHidden>Sign out</VisuallyHidden>
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.device.id} className={tableCss.row}>
            <th scope="row">
              <Named {...row} />
            </th>
            <td>
              <Time ns={row.device.created_at} form="relative" />
            </td>
            <td>
              <Seen device={row.device} between={<br />} />
            </td>
            <td>
              <Time ns={row.device.expires_at} form="until" />
            </td>
            <td className={tableCss.act}>
              <SignOut {...row} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface RowProps {
  readonly device: Device;
  readonly isThis: boolean;
  readonly nameRef: (element: HTMLElement | null) => void;
  readonly onGone: () => void;
}

const Named = ({ device: { name }, isThis, nameRef }: RowProps) => (
  <div className={css.named}>
    <span ref={nameRef} tabIndex={-1} className={css.name}>
      <Name>{name}</Name>
    </span>
    {isThis && <Badge kind="info">This one</Badge>}
  </div>
);

function Seen({ device, between }: { readonly device: Device; readonly between: React.ReactNode }) {
  if (device.last_used_at === 0n) return 'not yet';
  return (
    <>
      <Time ns={device.last_used_at} form="relative" />
      {device.last_used_ip !== '' && (
        <>
          {between}
          <code>{device.last_used_ip}</code>
        </>
      )}
    </>
  );
}

function SignOut({ device: { id, name }, isThis, onGone }: RowProps) {
  const { client } = useSignedIn();
  const write = useWrite('sign-out');
  const toast = useToast();
  const narrow = useNarrow();
  const [isLeaving, setLeaving] = useState(false);
  async function end() {
    if (isThis) {
      setLeaving(true);
      return signOut();
    }
    const result = await write.run(() => client.devices.end(id));
    if (!result.ok) return;
    toast(`Signed out. ${refusedWords(toNs(nowMs()), result.value?.receipt)}`);
    onGone();
    await keysChanged();
  }
  return (
    <>
      <Button
        small
        kind={narrow ? 'plain' : 'quiet'}
        danger={!narrow}
        busy={write.isBusy || isLeaving}
        aria-label={`Sign out ${name}`}
        onPress={() => void end()}
      >
        Sign out
      </Button>
      <p role="status">{write.words}</p>
      {write.error !== undefined && <Refusal error={write.error} />}
    </>
  );
}

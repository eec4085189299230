// The eighteen icons: 24 units, stroke 1.6, round ends, the colour of the text beside them. None of them has a name: the words beside one say it.
import css from './icon.module.css';

const paths = {
  key: 'M9.5 12.5a4.2 4.2 0 1 1 3-3l6.8 6.8v2.9h-3v-2.3h-2.3v-2.3zM8.2 8.2h.01',
  activity: 'M2.8 12.4h3.9L10 4.6l4.6 14.8 2.9-7h3.7',
  devices:
    'M4.6 5h14.8c.7 0 1.2.5 1.2 1.2v9.2c0 .7-.5 1.2-1.2 1.2H4.6c-.7 0-1.2-.5-1.2-1.2V6.2c0-.7.5-1.2 1.2-1.2zM12 16.6v3.2M8.2 19.8h7.6',
  wallet:
    'M18.6 8V6.2c0-.7-.5-1.2-1.2-1.2H5.4a2 2 0 0 0 0 4h14c.7 0 1.2.5 1.2 1.2v8c0 .7-.5 1.2-1.2 1.2H5.4a2 2 0 0 1-2-2V7M16.6 14.2h.01',
  search: 'M10.8 4.2a6.6 6.6 0 1 1 0 13.2 6.6 6.6 0 0 1 0-13.2zM15.7 15.7l4.5 4.5',
  close: 'M5.6 5.6l12.8 12.8M18.4 5.6L5.6 18.4',
  check: 'M4.6 12.8l4.8 4.8L19.6 6.8',
  warning: 'M12 4.2l9 15.4H3zM12 10.2v4M12 16.9h.01',
  info: 'M12 3.4a8.6 8.6 0 1 1 0 17.2 8.6 8.6 0 0 1 0-17.2zM12 11.2v4.8M12 8h.01',
  copy: 'M9.6 8.4h9c.7 0 1.2.5 1.2 1.2v9c0 .7-.5 1.2-1.2 1.2h-9c-.7 0-1.2-.5-1.2-1.2v-9c0-.7.5-1.2 1.2-1.2zM5.4 15.6c-.7 0-1.2-.5-1.2-1.2v-9c0-.7.5-1.2 1.2-1.2h9c.7 0 1.2.5 1.2 1.2',
  eye: 'M2.6 12S6 5.6 12 5.6 21.4 12 21.4 12 18 18.4 12 18.4 2.6 12 2.6 12zM12 9.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6z',
  download: 'M12 4v11M7.4 10.6L12 15.2l4.6-4.6M4.6 19.8h14.8',
  qr: 'M4.4 4.4h5.4v5.4H4.4zM14.2 4.4h5.4v5.4h-5.4zM4.4 14.2h5.4v5.4H4.4zM14.2 14.2h2v2M19.6 14.2v1.6M14.2 19.6h1.6M19.6 18.6v1h-1',
  pencil: 'M14.8 5.6l3.6 3.6M4.4 19.6l.8-4L16 4.8c.6-.6 1.5-.6 2.1 0l1.1 1.1c.6.6.6 1.5 0 2.1L8.4 18.8z',
  chevron: 'M6.4 9.4l5.6 5.6 5.6-5.6',
  back: 'M19.6 12H4.8M11 5.6L4.6 12l6.4 6.4',
  'sign-out': 'M9.6 4.4H5.8c-.7 0-1.2.5-1.2 1.2v12.8c0 .7.5 1.2 1.2 1.2h3.8M15.6 7.6L20 12l-4.4 4.4M20 12H9.4',
  theme: 'M12 3.4a8.6 8.6 0 1 1 0 17.2 8.6 8.6 0 0 1 0-17.2zM12 3.4v17.2M12 8h7.6M12 12h8.6M12 16h7.6',
} as const;

export type IconName = keyof typeof paths;

/** `size`: px; 16 where it says nothing. */
export function Icon({ name, size = 16 }: { name: IconName; size?: 14 | 16 | 18 | 20 | 24 | undefined }) {
  return (
    <svg className={css.icon} width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}

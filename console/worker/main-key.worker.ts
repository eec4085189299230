// The worker that the main key lives in. It hears the page that started it and nobody else.
import type { Ask, Told } from './main-key-messages.ts';
import { createMainKeyRoom, type RoomRefused } from './main-key-room.ts';

const room = createMainKeyRoom();
const tell = (told: Told): void => self.postMessage(told);

addEventListener('message', ({ data }: MessageEvent<{ readonly id: number; readonly ask: Ask }>) => {
  const { id, ask } = data;
  room.answer(ask).then(
    (value) => tell({ id, is: 'done', value }),
    ({ because }: RoomRefused) => tell({ id, is: 'refused', because }),
  );
});

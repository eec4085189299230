// A line of words with names, addresses and times in it.
import { Fragment } from 'react';
import type { Line as Words } from '../words/actions.ts';
import css from './line.module.css';
import { Name } from './name.tsx';
import { Time } from './time.tsx';

export function Line({ words }: { words: Words }) {
  return words.map((part, at) => {
    // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of a line neither move nor change.
    return <Fragment key={at}>{nodeOf(part)}</Fragment>;
  });
}

function nodeOf(part: Words[number]) {
  if (typeof part === 'string') return part;
  if ('name' in part) return <Name>{part.name}</Name>;
  if ('mono' in part) return <span className={css.mono}>{part.mono}</span>;
  if ('small' in part) return <span className={css.small}>{part.small}</span>;
  if ('moment' in part) return <Time ns={part.moment} form="exact" plain />;
  return 'time' in part ? <Time ns={part.time} form="day" plain /> : <Time ns={part.clock} form="clock" plain />;
}

// "Theme: system / light / dark".
import { useId, useState } from 'react';
import { chooseTheme, readTheme, type Theme } from '../theme.ts';
import css from './account.module.css';

const themes: readonly Theme[] = ['system', 'light', 'dark'];

export function ThemeControl() {
  const id = useId();
  const [theme, setTheme] = useState(readTheme);
  return (
    <div className={css.theme}>
      <label htmlFor={id}>Theme:</label>
      <select
        id={id}
        value={theme}
        onChange={(event) => {
          const chosen = themes[event.currentTarget.selectedIndex] ?? 'system';
          chooseTheme(chosen);
          setTheme(chosen);
        }}
      >
        {themes.map((each) => (
          <option key={each} value={each}>
            {each}
          </option>
        ))}
      </select>
    </div>
  );
}

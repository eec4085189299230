// The page starts here.
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import '../parts/tokens.css';
import '../parts/base.css';
import { App } from './app.tsx';

const place = document.getElementById('console');
if (place === null) throw new Error('index.html has no #console');
createRoot(place).render(
  <StrictMode>
    <App />
  </StrictMode>,
);

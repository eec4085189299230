// The page starts here.
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

const place = document.getElementById('console');
if (place === null) throw new Error('index.html has no #console');
createRoot(place).render(<StrictMode>Countersign</StrictMode>);

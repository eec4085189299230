// What surrounds every page: the router, and whatever else a page may ask for.
import { CSPProvider } from '@base-ui/react/csp-provider';
import { QueryClientProvider } from '@tanstack/react-query';
import { Router } from 'wouter';
import { Announcer } from '../parts/live.tsx';
import { queryClient } from './queries/query-client.ts';
import { Routes } from './routes.tsx';

export function App() {
  // Base UI would write style elements, which the page's policy refuses; what they said stands in base.css.
  return (
    <CSPProvider disableStyleElements>
      <QueryClientProvider client={queryClient}>
        <Router base="/console">
          <Routes />
          <Announcer />
        </Router>
      </QueryClientProvider>
    </CSPProvider>
  );
}

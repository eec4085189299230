// A link as a code to scan: black on white in both themes. What draws it is loaded with it; React keeps neither the link nor the picture.
import { useEffect, useRef } from 'react';
import type { Secret } from '../../app/secret.ts';
import css from './qr-code.module.css';

export function QrCode({ link }: { link: Secret }) {
  const svg = useRef<SVGSVGElement>(null);
  useEffect(() => {
    let isGone = false;
    const draw = async () => {
      const { qrModules } = await import('./qr-modules.ts');
      if (isGone || link.wiped) return;
      const { size, path } = qrModules(link.read());
      svg.current?.setAttribute('viewBox', `0 0 ${size} ${size}`);
      svg.current?.querySelector('path')?.setAttribute('d', path);
    };
    draw().catch(() => undefined);
    return () => {
      isGone = true;
    };
  }, [link]);
  return (
    <svg
      ref={svg}
      className={css.code}
      width={280}
      height={280}
      viewBox="0 0 61 61"
      shapeRendering="crispEdges"
      role="img"
      aria-label="A code for the camera of your phone. Without a camera, copy the link instead."
    >
      <rect width="100%" height="100%" fill="#ffffff" />
      <path fill="#000000" />
    </svg>
  );
}

/** How late a time-out may be found, ms. */
const SCAN_INTERVAL_MS = 50;

interface Scanned {
  scan(now: number): void;
}

const scanned = new Set<Scanned>();
let timer: NodeJS.Timeout | undefined;

/** Milliseconds that only go forward, with an arbitrary start. */
export function monotonicMs(): number {
  return performance.now();
}

/** One timer watches the deadlines of all peers, since a timer for each request would cost more than the request. */
export function watch(peer: Scanned): void {
  scanned.add(peer);
  timer ??= setInterval(scanAll, SCAN_INTERVAL_MS).unref();
}

export function unwatch(peer: Scanned): void {
  scanned.delete(peer);
  if (scanned.size > 0) return;
  clearInterval(timer);
  timer = undefined;
}

function scanAll(): void {
  const now = monotonicMs();
  for (const peer of scanned) peer.scan(now);
}

/** What a process that is told to end takes away with it, however it comes to its end; only `kill -9` leaves it. */
import { rmSync } from 'node:fs';

const left = new Set<string>();

/** Removes the file or folder when this process ends, unless the function that is given back was called before. */
export function removeAtExit(path: string): () => void {
  if (left.size === 0) process.on('exit', removeAll);
  left.add(path);
  return () => {
    left.delete(path);
    if (left.size === 0) process.off('exit', removeAll);
  };
}

function removeAll(): void {
  // What still writes into a folder is ending at the same time.
  for (const path of left) rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
}

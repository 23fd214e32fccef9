import type { Disk } from '../disk.js';

const CHANGES: ReadonlySet<string> = new Set<keyof Disk>(['open', 'rename', 'link', 'unlink', 'removeDirectory']);

/**
 * A disk for the tables beside the log. It changes nothing for a process that is not the store's owner any more. A process that
 * stood still would else write its old tables over those of the next owner.
 */
export function ownedDisk(disk: Disk, isOwner: () => boolean): Disk {
  return new Proxy(disk, {
    get: (target, name): unknown => {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return (...values: unknown[]): unknown => {
        if (CHANGES.has(String(name)) && !isOwner()) throw new Error('the store has another owner');
        return Reflect.apply(member, target, values) as unknown;
      };
    },
  });
}

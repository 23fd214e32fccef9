/**
 * Flags of Node with which the wall clock of a program is ahead; a negative number sets it back. Its monotonic clock is right, as it
 * is on a machine whose wall clock is wrong.
 */
export function wallClockAhead(ms: number): readonly string[] {
  const code = `const Real = Date;
    globalThis.Date = class Date extends Real {
      constructor(...args) { if (args.length > 0) super(...args); else super(Real.now() + ${ms}); }
      static now() { return Real.now() + ${ms}; }
    };`;
  return ['--import', `data:text/javascript,${encodeURIComponent(code)}`];
}

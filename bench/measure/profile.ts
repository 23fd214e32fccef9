/** Flags that make a Node process write a CPU profile into `folder` when it ends. */
export const profileArgs = (folder: string): string[] => ['--cpu-prof', `--cpu-prof-dir=${folder}`];

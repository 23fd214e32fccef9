const DAY_MS = 86_400_000;

/** What the times may be that a layer above this library offers under names of its own, as [shortest, longest], ms. */
export const TIME_LIMITS = {
  pollNameServerInterval: [10, DAY_MS],
  sendMsgTimeout: [1, 3_600_000],
  awaitTerminationMillisWhenShutdown: [0, DAY_MS],
} as const;

/** What loads the code of the services into the caller's own process; everything else starts them as processes. */
export { InProcessShop, CALLBACK_SECRET, MERCHANT_KEY } from './shop/in-process-shop.js';
export { ParticipantProcesses } from './shop/participant-processes.js';
export {
  answersTo,
  cancelled,
  deadlocksOf,
  futureDeadline,
  idleRelay,
  lockRowOf,
  newOrderId,
  PARTICIPANT_NAMES,
  Participants,
  readNumber,
} from './shop/participants.js';
export type { Participant, ParticipantName } from './shop/participants.js';
